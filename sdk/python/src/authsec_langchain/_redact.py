"""Makes text that others wrote safe to show: no credentials, no control characters, bounded.

Error descriptions come from a server, tool payloads from a model or an API: either may echo a credential.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

REDACTED = "[redacted]"

# What a JWT in compact form is made of (RFC 7519 section 3.1). A run is taken whole, which keeps the search linear.
_RUN = re.compile(r"[A-Za-z0-9_.-]{20,}")
_JWT_START = "eyJ"  # base64url of `{"`, with which a header starts
# `Authorization: Bearer <b64token>` (RFC 6750 section 2.1), Basic (RFC 7617) and DPoP (RFC 9449 section 7.1). Short
# words after them are prose.
_AUTHORIZATION = re.compile(r"\b(Bearer|Basic|DPoP)(\s{1,8})[A-Za-z0-9\-._~+/]{16,}=*", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return text with every given secret, every JWT and every Authorization value replaced by `[redacted]`."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):  # the longest first: one may hold another
        text = text.replace(secret, REDACTED)
    text = _RUN.sub(_without_jwt, text)
    return _AUTHORIZATION.sub(rf"\1\2{REDACTED}", text)


def _without_jwt(run: re.Match[str]) -> str:
    """Cut a run from where a JWT starts, whatever stands before: a word too many is better than a token shown."""
    before, start, rest = run[0].partition(_JWT_START)
    return before + REDACTED if start and "." in rest else run[0]


def one_line(text: str, *, limit: int, secrets: Iterable[str] = ()) -> str:
    """Return redacted text on one line, at most limit characters, without terminal control sequences.

    It is cut after it is redacted: a token cut in half would no longer be recognised.
    """
    clean = _CONTROL.sub(" ", redact(text, secrets)).strip()
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
