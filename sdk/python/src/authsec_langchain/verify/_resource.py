"""Tells clients which server's tokens an API wants (RFC 9728), as MCP clients ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from ._claims import SCOPE_TOKEN
from ._http import check_url

WELL_KNOWN = "/.well-known/oauth-protected-resource"


@dataclass(frozen=True)
class ProtectedResource:
    """Protected resource metadata, and where it stands.

    Args:
        resource: the API's own URL, which its audience usually is. Its origin is where clients fetch the metadata.
        authorization_servers: issuers whose tokens it takes.
        scopes: actions that it knows, for a client to ask for.
        name: for people.
        dpop_algorithms: for DPoP proofs. None leaves it to the verifier, as with the next two.
        dpop_required: whether tokens must always be bound by DPoP.
        mtls_bound: whether it takes tokens that are bound to a client certificate (RFC 8705 section 3).

    Raises:
        ValueError: resource is not an https URL (or http of this machine) without query and fragment, or a scope is
            malformed.
    """

    resource: str
    authorization_servers: Sequence[str]
    scopes: Sequence[str] = ()
    name: str = ""
    dpop_algorithms: Sequence[str] | None = None
    dpop_required: bool | None = None
    mtls_bound: bool | None = None

    def __post_init__(self) -> None:
        try:
            check_url(self.resource)
        except ValueError as error:
            fault = f"resource {error}; give the API's own URL"
        else:
            bad = '"\\' if any(sign in self.resource for sign in '"\\') else ""
            fault = "resource holds a quote or a backslash" if bad else ""
        if not fault and any(not SCOPE_TOKEN.fullmatch(scope) for scope in self.scopes):
            fault = "scopes: want printable ASCII without blanks, quotes and backslashes"
        if fault:
            raise ValueError(fault)

    @property
    def path(self) -> str:
        """The path of the metadata: the well-known one before the resource's own (RFC 9728 section 3.1)."""
        return WELL_KNOWN + urlsplit(self.resource).path.removesuffix("/")

    @property
    def url(self) -> str:
        """The metadata's URL, for `resource_metadata` in challenges (section 5.1)."""
        parts = urlsplit(self.resource)
        return f"{parts.scheme}://{parts.netloc}{self.path}"

    def completed(self, *, dpop_algorithms: Sequence[str], dpop_required: bool, mtls_bound: bool) -> ProtectedResource:
        """Return the metadata with these in place of what it leaves open."""
        return replace(
            self,
            dpop_algorithms=dpop_algorithms if self.dpop_algorithms is None else self.dpop_algorithms,
            dpop_required=dpop_required if self.dpop_required is None else self.dpop_required,
            mtls_bound=mtls_bound if self.mtls_bound is None else self.mtls_bound,
        )

    def document(self) -> dict[str, Any]:
        """Return the metadata (section 2)."""
        said: dict[str, Any] = {
            "resource": self.resource,
            "authorization_servers": list(self.authorization_servers),
            "bearer_methods_supported": ["header"],
        }
        if self.scopes:
            said["scopes_supported"] = list(self.scopes)
        if self.name:
            said["resource_name"] = self.name
        if self.dpop_algorithms:
            said["dpop_signing_alg_values_supported"] = list(self.dpop_algorithms)
        if self.dpop_required:
            said["dpop_bound_access_tokens_required"] = True
        if self.mtls_bound:
            said["tls_client_certificate_bound_access_tokens"] = True
        return said
