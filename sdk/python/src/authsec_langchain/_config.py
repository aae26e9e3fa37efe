"""Settings of a client: what they are, where they come from, and what is refused."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import httpx
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from ._dpop import DPoPKey
from ._errors import AuthsecConfigError
from ._files import UnusableFileError, read_small_file
from ._scope import Names, action_names, audience_names
from ._urls import checked_base_url, is_socket, shows_in_clear

ENVIRONMENT = {
    "base_url": "AUTHSEC_BASE_URL",
    "client_id": "AUTHSEC_AGENT_CLIENT_ID",
    "delegation_id": "AUTHSEC_DELEGATION_ID",
    "role": "AUTHSEC_ROLE",
    "audience": "AUTHSEC_AUDIENCE",
    "actions": "AUTHSEC_ACTIONS",
    "ttl": "AUTHSEC_TTL",
    "client_secret": "AUTHSEC_CLIENT_SECRET",
    "workload_token_file": "AUTHSEC_WORKLOAD_TOKEN_FILE",
    "workload_audience": "AUTHSEC_WORKLOAD_AUDIENCE",
    "dpop": "AUTHSEC_DPOP",
    "public_url": "AUTHSEC_PUBLIC_URL",
    "client_cert_file": "AUTHSEC_CLIENT_CERT_FILE",
    "client_key_file": "AUTHSEC_CLIENT_KEY_FILE",
    "token_binding": "AUTHSEC_TOKEN_BINDING",
    "timeout": "AUTHSEC_TIMEOUT",
    "max_retries": "AUTHSEC_MAX_RETRIES",
    "retry_budget": "AUTHSEC_RETRY_BUDGET",
    "ca_bundle": "AUTHSEC_CA_BUNDLE",
    "proxy": "AUTHSEC_PROXY",
    "allow_insecure_http": "AUTHSEC_ALLOW_INSECURE_HTTP",
}
"""Setting → environment variable that from_env() reads it from."""

CLIENT_SECRET_FILE = "AUTHSEC_CLIENT_SECRET_FILE"  # noqa: S105  # the variable's name, not a secret
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _uuid(value: str) -> str:
    lowered = value.strip().lower()
    if not _UUID.fullmatch(lowered):
        raise ValueError("must be a UUID: copy the Client ID from the agent's page")
    return lowered


def _name(value: str) -> str:
    stripped = value.strip()
    if not stripped or len(stripped) > 256 or not stripped.isprintable():
        raise ValueError("must be 1 to 256 printable characters")
    return stripped


def _existing_file(value: Path) -> Path:
    if not value.is_file():
        raise ValueError("names no file that this user can see")
    return value


def _proxy(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"(?:https?|socks5h?)://[^\s/]+/?", value.get_secret_value()):
        raise ValueError("must be the URL of a proxy, like http://proxy.example.com:3128")
    return value


def _secret(value: SecretStr) -> SecretStr:
    if not value.get_secret_value() or not value.get_secret_value().isprintable():
        raise ValueError("is empty or holds a control character")
    return value


def _public_url(value: str) -> str:
    checked = checked_base_url(value)
    if is_socket(checked):
        raise ValueError("is a Unix socket; give the address by which others know the server")
    return checked


def _file_path(value: Path) -> Path:
    if value == Path():
        raise ValueError("is empty")
    return value


class AuthsecConfig(BaseModel):
    """Settings of an AuthsecClient. Immutable; wrong values are refused here, all of them at once.

    Only base_url and client_id are required:

        AuthsecConfig(base_url="https://authsec.example.com", client_id="6f1c…")

    Raises:
        AuthsecConfigError: on construction; it is a ValueError too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True)

    base_url: Annotated[str, AfterValidator(checked_base_url)]
    """The server's root. The SDK appends `/authsec/…`. Plain http only for this machine; see allow_insecure_http.

    `unix:///run/authsec/authsec.sock` reaches a server on this machine through its Unix socket.
    """
    client_id: Annotated[str, AfterValidator(_uuid)]
    """The agent's Client ID, a UUID."""
    delegation_id: Annotated[str, AfterValidator(_name)] | None = None
    """Which delegation to use, when the agent has several. Default: the agent's default delegation."""
    role: Annotated[str, AfterValidator(_name)] | None = None
    """The role whose delegation to use: another way to choose among several."""
    audience: Annotated[Names, PlainValidator(audience_names)] | None = None
    """URIs of the APIs that tokens are for. Default: what the delegation says. Always a tuple once constructed."""
    actions: Annotated[Names, PlainValidator(action_names)] | None = None
    """Actions to ask for, such as `billing:read`. Default: all that are delegated. Always a tuple once constructed."""
    ttl: Annotated[int, Field(ge=60, le=31_536_000)] | None = None
    """Seconds that a token should live. Default: as long as the delegation allows."""
    client_secret: Annotated[SecretStr, AfterValidator(_secret)] | None = Field(default=None, repr=False)
    """The agent's client secret, sent as HTTP Basic (RFC 6749 section 2.3.1). Excludes workload_token_file."""
    workload_token_file: Annotated[Path, AfterValidator(_file_path)] | None = None
    """File with the workload's token, sent as Bearer and read again for every fetch.

    Default: the file that AUTHSEC_WORKLOAD_TOKEN_FILE names at the time of the fetch, then the projected token at
    `/var/run/secrets/authsec/token`, then a JWT-SVID from the Workload API at SPIFFE_ENDPOINT_SOCKET.
    """
    workload_audience: Annotated[str, AfterValidator(_name)] | None = None
    """The audience to ask a JWT-SVID for: that of the server's workload source. Default: base_url."""
    dpop: bool | DPoPKey = False
    """Bind tokens to a key, so that whoever steals one cannot use it (RFC 9449). True makes one for each client.

    Tokens then go out as AuthsecAuth and AuthsecClient.request_headers send them, never as `Bearer`.
    """
    public_url: Annotated[str, AfterValidator(_public_url)] | None = Field(default=None, validate_default=True)
    """The server's public URL, where base_url is another way to it: DPoP proofs name it. Default: base_url."""
    client_cert_file: Annotated[Path, AfterValidator(_existing_file)] | None = None
    """PEM file with the client certificate to show to the server, and those below it. Read again when it changes."""
    client_key_file: Annotated[Path, AfterValidator(_existing_file)] | None = None
    """PEM file with its private key. Default: client_cert_file holds that, too."""
    token_binding: Literal["mtls"] | None = None
    """`mtls` binds tokens to the X.509-SVID by which the agent proves itself (RFC 8705). Excludes dpop."""
    timeout: Annotated[float, Field(gt=0, le=300, allow_inf_nan=False)] = 10.0
    """Seconds for one request."""
    max_retries: Annotated[int, Field(ge=0, le=10)] = 3
    """How many times to try again after a connection error, 429 or 503."""
    retry_budget: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 30.0
    """Seconds after which no further try is begun."""
    ca_bundle: Annotated[Path, AfterValidator(_existing_file)] | None = None
    """PEM file with the certificate authorities to trust. Certificates are always verified; there is no switch."""
    proxy: Annotated[SecretStr, AfterValidator(_proxy)] | None = Field(default=None, repr=False)
    """Proxy for requests to the server. A SecretStr, because a proxy's URL may hold a password."""
    allow_insecure_http: bool = Field(default=False, validate_default=True)
    """Allow plain http to another machine: proof and tokens are then readable on the network."""

    if not TYPE_CHECKING:  # type checkers keep the signature that the fields describe

        def __init__(self, **settings: Any) -> None:
            try:
                super().__init__(**settings)
                return
            except ValidationError as error:
                faults = _faults(error)
            # Raised out here: pydantic's error holds every input, secrets too, and must not become the context.
            raise AuthsecConfigError(faults)

    @property
    def proof_audience(self) -> str | None:
        """The audience that a proof made for this server must have; None when nothing says it."""
        return self.workload_audience or (None if is_socket(self.base_url) else self.base_url)

    # Rules about two settings stand on the later one, so that they are reported together with all other faults.
    @field_validator("workload_token_file")
    @classmethod
    def _one_kind_of_proof(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("client_secret") is not None:
            raise ValueError("and client_secret exclude each other: an agent has one kind of proof")
        return value

    @field_validator("public_url")
    @classmethod
    def _named_in_proofs(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("dpop") and is_socket(info.data.get("base_url", "")):
            raise ValueError("is not set; with dpop it is needed where base_url is a Unix socket")
        return value

    @field_validator("client_key_file")
    @classmethod
    def _key_of_a_certificate(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("client_cert_file") is None:
            raise ValueError("needs client_cert_file")
        return value

    @field_validator("token_binding")
    @classmethod
    def _one_binding(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("dpop"):
            raise ValueError("and dpop exclude each other: a token is bound to one key")
        if value is not None and (info.data.get("client_secret") or info.data.get("workload_token_file")):
            raise ValueError("is for agents that prove themselves by the certificate; leave the other proof out")
        if value is not None and is_socket(info.data.get("base_url", "")):
            raise ValueError("needs TLS, and base_url is a Unix socket")
        return value

    @field_validator("allow_insecure_http")
    @classmethod
    def _not_in_clear(cls, value: bool, info: ValidationInfo) -> bool:
        base_url = info.data.get("base_url")
        if base_url and not value and shows_in_clear(httpx.URL(base_url)):
            raise ValueError(
                "is off, and base_url is plain http to another machine: proof and token could be read on the network. "
                "Use https"
            )
        return value

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> AuthsecConfig:
        """Build a configuration from the AUTHSEC_* variables (see ENVIRONMENT); blank ones count as unset.

        AUTHSEC_CLIENT_SECRET_FILE names a file that holds the client secret, in place of AUTHSEC_CLIENT_SECRET.

        Args:
            environ: read this instead of os.environ.

        Raises:
            AuthsecConfigError: a variable is missing or wrong.
        """
        return cls(**_read_environment(environ))

    def __getstate__(self) -> dict[Any, Any]:
        if self.client_secret is not None or self.proxy is not None or isinstance(self.dpop, DPoPKey):
            raise TypeError(
                "this AuthsecConfig holds a secret and cannot be pickled; call AuthsecConfig.from_env() in the other "
                "process instead"
            )
        return super().__getstate__()


def _read_environment(environ: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the settings that are set, the secrets among them wrapped: what is returned may show in a traceback."""
    source = os.environ if environ is None else environ
    found = {setting: source.get(variable, "").strip() for setting, variable in ENVIRONMENT.items()}
    settings: dict[str, Any] = {setting: value for setting, value in found.items() if value}
    for setting in {"client_secret", "proxy"} & settings.keys():
        settings[setting] = SecretStr(settings[setting])
    if secret_file := source.get(CLIENT_SECRET_FILE, "").strip():
        settings["client_secret"] = _secret_from(secret_file, instead=settings.get("client_secret"))
    return settings


def _secret_from(path: str, *, instead: SecretStr | None) -> SecretStr:
    if instead is not None:
        raise AuthsecConfigError(f"{ENVIRONMENT['client_secret']} and {CLIENT_SECRET_FILE} exclude each other.")
    try:
        return SecretStr(read_small_file(path))
    except UnusableFileError as error:
        raise AuthsecConfigError(f"{CLIENT_SECRET_FILE}: {error}.") from None


def _faults(error: ValidationError) -> str:
    """Say every fault on one line, without any input, naming both the setting and its variable."""
    faults = []
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        message = fault["msg"].removeprefix("Value error, ")
        name = str(fault["loc"][0]) if fault["loc"] else ""
        if fault["type"] == "missing":
            message = f'is not set; pass {name}=… or export {ENVIRONMENT[name]}="…"'
        elif name in ENVIRONMENT:
            message = f"{message} ({ENVIRONMENT[name]})"
        faults.append(message if message.startswith(name) else f"{name} {message}")
    return "; ".join(dict.fromkeys(faults)) + "."
