"""What a token says: whose authority it carries, who may use it, where and for how long."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal

from ._confirmation import Confirmation, parse_confirmation
from ._errors import AudienceError, ClaimsError, IssuerError
from ._json import Object, text, texts, whole

MAX_ACTORS = 8
"""Bounds a delegation chain (nested `act` claims)."""

SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""RFC 6749 section 3.3."""

MAX_INTEGER = 2**53 - 1
"""The greatest whole number on which all readers of JSON agree (RFC 8259 section 6)."""

LISTS = "/oauth2/status-lists/"
_LIST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

Revocation = Literal["off", "checked", "unknown"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A party that acts for the subject, such as an agent.

    Attributes:
        subject: `sub`, like `spiffe://<trust-domain>/agent/<client_id>`.
        client_id: empty when the token does not say.
        actor: who acted before this one, in a chain of delegations. It tells a history: authority is decided by the
            outermost actor alone (RFC 8693 section 4.1).
    """

    subject: str
    client_id: str = ""
    actor: Actor | None = None

    @property
    def chain(self) -> tuple[Actor, ...]:
        """This actor and those before it, the latest first."""
        return (self, *(self.actor.chain if self.actor else ()))


@dataclass(frozen=True, slots=True)
class StatusRef:
    """A place in a Token Status List: the list's address, and the token's index in it."""

    uri: str
    index: int


@dataclass(frozen=True, slots=True)
class Claims:
    """The verified contents of a token. What a token need not say is empty when it does not.

    Attributes:
        issuer: `iss`, the AuthSec server's public URL.
        subject: `sub`, the ID of the person whose authority is used.
        actor: `act`, the agent that uses it.
        client_id: of the agent that was given the token.
        audience: `aud`, audience URIs, the verifier's own among them.
        token_id: `jti`, unique to this token.
        issued_at: `iat`, UTC.
        not_before: `nbf`, UTC.
        expires_at: `exp`, UTC, without the leeway.
        actions: what the token allows (`billing:read`): its scope, in the token's order, each once.
        delegation_id: where the authority comes from.
        role: whose actions the delegation draws on.
        attestation: how the workload proved itself (`k8s`, `secret`, `none` …).
        spiffe_id: of the agent.
        agent_type: `langchain` …
        user_id: of the person, for older clients; see subject.
        email: of the person.
        confirmation: the key that the token is bound to, which its sender showed to hold; None for none.
        status: where the token's status is; only read when revocation is checked by status.
        revocation: `checked`: not recalled, as of `max_staleness` ago at most. `unknown`: accepted although that could
            not be had (`on_unknown="accept"`). `off`: nobody looked, or the token has nothing to look for.
    """

    issuer: str
    subject: str
    actor: Actor
    client_id: str
    audience: tuple[str, ...]
    token_id: str
    issued_at: datetime
    not_before: datetime
    expires_at: datetime
    actions: tuple[str, ...] = ()
    delegation_id: str = ""
    role: str = ""
    attestation: str = ""
    spiffe_id: str = ""
    agent_type: str = ""
    user_id: str = ""
    email: str = ""
    confirmation: Confirmation | None = None
    status: StatusRef | None = None
    revocation: Revocation = "off"

    def has_action(self, action: str) -> bool:
        """Report whether the token allows action, which is compared exactly."""
        return action in self.actions


def parse_claims(payload: Object) -> Claims:
    """Read the payload of a token whose signature holds, and judge what can be judged from it alone.

    Raises:
        TokenRefusedError: the subclass that names the fault.
    """
    confirmation = parse_confirmation(payload)
    issuer = text(payload, "iss")
    if not issuer:
        raise IssuerError
    aud = payload.get("aud")
    audience = [aud] if type(aud) is str else texts(payload, "aud")
    if audience is None:
        raise AudienceError
    return Claims(
        issuer=issuer,
        audience=tuple(audience),
        subject=_text(payload, "sub", required=True),
        client_id=_text(payload, "client_id", required=True),
        token_id=_text(payload, "jti", required=True),
        delegation_id=_text(payload, "delegation_id"),
        role=_text(payload, "role"),
        attestation=_text(payload, "attestation"),
        spiffe_id=_text(payload, "spiffe_id"),
        agent_type=_text(payload, "agent_type"),
        user_id=_text(payload, "user_id"),
        email=_text(payload, "email"),
        issued_at=_time(payload, "iat"),
        not_before=_time(payload, "nbf"),
        expires_at=_time(payload, "exp"),
        actor=_actor(payload.get("act"), MAX_ACTORS),
        actions=_actions(payload),
        confirmation=confirmation,
    )


def parse_status(payload: Object, issuer: str) -> StatusRef | None:
    """Return the token's place in a status list of issuer, or None when it has no status.

    Raises:
        ClaimsError: its status is anything else (draft-ietf-oauth-status-list-17 section 6.2).
    """
    if "status" not in payload:
        return None
    status = payload["status"]
    return parse_place(status.get("status_list") if isinstance(status, dict) else None, issuer)


def parse_place(value: object, issuer: str) -> StatusRef:
    """Return the place in a status list of issuer that value names.

    The address decides where we send requests, so nothing but the issuer's own lists will do.

    Raises:
        ClaimsError: it names none.
    """
    if not isinstance(value, dict):
        raise ClaimsError("status")
    index, uri = whole(value, "idx", MAX_INTEGER), text(value, "uri")
    if (
        index is None
        or not uri
        or not uri.startswith(issuer + LISTS)
        or not _LIST_ID.fullmatch(uri, len(issuer + LISTS))
    ):
        raise ClaimsError("status")
    return StatusRef(uri, index)


def _text(payload: Object, name: str, *, required: bool = False) -> str:
    value = text(payload, name)
    if value is None or (required and not value):
        raise ClaimsError(name)
    return value


def _time(payload: Object, name: str) -> datetime:
    seconds = whole(payload, name)
    if seconds is None:
        raise ClaimsError(f"want {name} in whole seconds")
    return datetime.fromtimestamp(seconds, timezone.utc)


def _actor(value: object, room: int) -> Actor:
    if room == 0:
        raise ClaimsError(f"want at most {MAX_ACTORS} nested actors")
    if not isinstance(value, dict):
        raise ClaimsError("want act to be an object")
    subject, client_id = text(value, "sub"), text(value, "client_id")
    if not subject or client_id is None:
        raise ClaimsError("want act to name its sub")
    return Actor(subject, client_id, _actor(value["act"], room - 1) if "act" in value else None)


def _actions(payload: Object) -> tuple[str, ...]:
    """Read the scope, which rules (RFC 8693 section 4.2), and its copy in permissions, which must be the same set."""
    scope = text(payload, "scope")
    if scope is None:
        raise ClaimsError("scope")
    actions = tuple(dict.fromkeys(scope.split(" "))) if scope else ()
    if any(not SCOPE_TOKEN.fullmatch(action) for action in actions):
        raise ClaimsError("scope")
    if "permissions" in payload:
        permissions = texts(payload, "permissions")
        if permissions is None:
            raise ClaimsError("permissions")
        if set(permissions) != set(actions):
            raise ClaimsError("permissions do not agree with scope")
    return actions
