"""What a verifier is told, checked at once and as a whole."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from authsec_langchain._errors import AuthsecConfigError

from ._around import Around
from ._checks import Both, Check
from ._claims import LISTS, SCOPE_TOKEN
from ._feed import FeedCheck
from ._http import Http, basic, check_url
from ._introspection import IntrospectionCheck
from ._keys import FetchedKeys, GivenKeys, Keys
from ._lists import ListCheck
from ._nonces import LEAST_SECRET, Nonces
from ._possession import Constraint, Possession
from ._replay import ReplayCache

RevocationMode = Literal["push", "poll", "introspect", "none"]
OnUnknown = Literal["refuse", "accept"]

MAX_LEEWAY = 300.0
"""Keeps a setting meant for clock drift from prolonging tokens."""
LEAST_STALENESS = {"push": 7.0, "poll": 2.0, "introspect": 0.0, "none": 0.0}
"""A stream's heart beats every 5 seconds, and lists and feeds are read every second at most."""
LIST_LIFE = 240.0
"""For how many seconds a status list serves beside a stream: the server signs it for 300."""
GREATEST_STALENESS = 24 * 3600.0
MOST_PROOFS = 10_000_000


@dataclass(frozen=True)
class Settings:
    """The arguments of Verifier; see there."""

    issuer: str
    audience: str
    revocation: RevocationMode | None
    resource_id: str | None
    resource_secret: str | SecretStr | None
    max_staleness: float
    on_unknown: OnUnknown
    require_status: bool
    dpop: bool
    require_sender_constrained: bool | Constraint
    dpop_nonces: bool | bytes | str | SecretStr
    dpop_capacity: int
    leeway: float
    timeout: float
    jwks: bytes | str | None
    jwks_url: str | None
    ca_bundle: str | Path | None
    proxy: str | None
    allow_insecure_http: bool

    @property
    def mode(self) -> RevocationMode:
        """How revocation is checked: by push for whoever has a credential, unless told otherwise."""
        return self.revocation or ("push" if self.resource_id else "none")

    def faults(self) -> list[str]:
        """Return a sentence for every setting that is wrong."""
        found: list[str] = []
        if not self.issuer:
            found.append("issuer is empty.")
        # The audience is also the realm of our challenges (RFC 6750 section 3).
        if not SCOPE_TOKEN.fullmatch(self.audience):
            found.append("audience must be printable ASCII without blanks, quotes and backslashes.")
        if not 0 <= self.leeway <= MAX_LEEWAY:
            found.append(f"leeway must be from 0 to {MAX_LEEWAY:.0f} seconds.")
        if not 0 < self.timeout <= 60:
            found.append("timeout must be more than 0 and at most 60 seconds.")
        if self.on_unknown not in ("refuse", "accept"):
            found.append('on_unknown must be "refuse" or "accept".')
        if self.jwks is not None and self.jwks_url is not None:
            found.append("jwks and jwks_url exclude each other.")
        if self.mode != "none" or (self.jwks is None and self.jwks_url is None):
            found += self._address_fault("issuer", self.issuer)
        if self.jwks_url is not None:
            found += self._address_fault("jwks_url", self.jwks_url)
        return found + self._possession_faults() + self._revocation_faults()

    def _address_fault(self, name: str, url: str) -> list[str]:
        try:
            check_url(url, plain_http=self.allow_insecure_http)
        except ValueError as error:
            return [f"{name} {error}."]
        return []

    @property
    def constraint(self) -> Constraint:
        """Which bindings a token must have one of."""
        required = self.require_sender_constrained
        return ("any" if required else "none") if isinstance(required, bool) else required

    def _possession_faults(self) -> list[str]:
        found: list[str] = []
        if self.constraint not in ("none", "any", "dpop", "mtls"):
            found.append('require_sender_constrained must be True, False, "none", "any", "dpop" or "mtls".')
        if self.constraint == "dpop" and not self.dpop:
            found.append('require_sender_constrained="dpop" needs dpop=True.')
        if self.dpop_nonces and not self.dpop:
            found.append("dpop_nonces need dpop=True.")
        if not isinstance(self.dpop_nonces, bool) and len(self._nonce_secret() or b"") < LEAST_SECRET:
            found.append(f"dpop_nonces must be True, False or a secret of at least {LEAST_SECRET} bytes.")
        if not 1 <= self.dpop_capacity <= MOST_PROOFS:
            found.append(f"dpop_capacity must be from 1 to {MOST_PROOFS}.")
        return found

    def _nonce_secret(self) -> bytes | None:
        secret = self.dpop_nonces
        if isinstance(secret, bool):
            return None
        if isinstance(secret, SecretStr):
            secret = secret.get_secret_value()
        return secret.encode("utf-8") if isinstance(secret, str) else secret

    def possession(self) -> Possession:
        """Return what asks for the proof that a token needs; the settings have no faults."""
        return Possession(
            dpop=self.dpop,
            required=self.constraint,
            nonces=Nonces(self._nonce_secret()) if self.dpop_nonces else None,
            replays=ReplayCache(self.dpop_capacity),
        )

    def _revocation_faults(self) -> list[str]:
        if self.mode not in LEAST_STALENESS:
            return ['revocation must be "push", "poll", "introspect" or "none".']
        found: list[str] = []
        if (self.resource_id is None) != (self.resource_secret is None):
            found.append("resource_id and resource_secret belong together.")
        elif self.mode in ("push", "introspect") and not (self.resource_id and self._secret()):
            found.append(f'revocation="{self.mode}" needs resource_id and resource_secret.')
        least = LEAST_STALENESS[self.mode]
        if not least <= self.max_staleness <= GREATEST_STALENESS:
            found.append(f"max_staleness must be from {least:.0f} to {GREATEST_STALENESS:.0f} seconds for {self.mode}.")
        return found

    def _secret(self) -> str:
        secret = self.resource_secret
        return secret.get_secret_value() if isinstance(secret, SecretStr) else secret or ""

    def build(self, around: Around) -> tuple[Http, Keys, Check | None]:
        """Return the parts of a verifier.

        Raises:
            AuthsecConfigError: it names every fault.
        """
        found = self.faults()
        keys: Keys | None = None
        if self.jwks is not None:
            try:
                keys = GivenKeys(self.jwks.encode("utf-8") if isinstance(self.jwks, str) else self.jwks)
            except ValueError as error:
                found.append(f"jwks: {error}.")
        verify: ssl.SSLContext | None = None
        if self.ca_bundle is not None:
            try:
                verify = ssl.create_default_context(cafile=str(self.ca_bundle))
            except (ssl.SSLError, OSError) as error:
                found.append(f"ca_bundle {self.ca_bundle} is not a PEM file of certificates ({type(error).__name__}).")
        if found:
            raise AuthsecConfigError(" ".join(found))
        http = Http(timeout=self.timeout, verify=verify, proxy=self.proxy, clock=around.clock)
        keys = keys or FetchedKeys(self.issuer, self.jwks_url, http, plain_http=self.allow_insecure_http, around=around)
        return http, keys, self._check(http, keys, around)

    def _check(self, http: Http, keys: Keys, around: Around) -> Check | None:
        if self.mode == "none":
            return None
        oauth = self.issuer + LISTS.rpartition("/status-lists/")[0]
        credential = basic(self.resource_id, self._secret()) if self.resource_id else ""
        if self.mode == "introspect":
            return IntrospectionCheck(
                oauth + "/introspect", http, credential, max_age=self.max_staleness, around=around
            )
        push = self.mode == "push"
        # The stream tells only what concerns the credential's resource. Should that be another than the audience's,
        # the lists still do, if later.
        lists = ListCheck(
            self.issuer,
            http,
            keys,
            leeway=self.leeway,
            max_age=max(self.max_staleness, LIST_LIFE) if push else self.max_staleness,
            around=around,
            heed_ttl=not push,
        )
        if not credential:
            return lists
        feed = FeedCheck(
            self.issuer,
            oauth + "/revocations",
            http,
            credential,
            keys,
            push=push,
            leeway=self.leeway,
            max_age=self.max_staleness,
            around=around,
        )
        return Both([feed, lists])
