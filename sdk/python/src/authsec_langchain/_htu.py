"""A URL as a DPoP proof's htu names and compares it."""

from __future__ import annotations

import re
from urllib.parse import quote

MAX_URL = 4096

_ABSOLUTE = re.compile(
    r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9\-._~!$&'()*+,;=%]+)(?::([0-9]{0,5}))?(/[a-z0-9\-._~!$&'()*+,;=:@/%]*)?",
    re.IGNORECASE,
)
_ORIGIN = re.compile(r"[a-z]+://[^/?#]*", re.IGNORECASE)
_PERCENT = re.compile(r"%(?:([0-9A-Fa-f]{2})|)")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PORTS = {"http": "80", "https": "443"}


def target(url: str) -> str:
    """Return an absolute http or https URL without query and fragment, in its one spelling.

    It is normalised by syntax and scheme (RFC 9449 section 4.3, RFC 3986 sections 6.2.2 and 6.2.3).

    Raises:
        ValueError: it is none, or has user information. The text quotes nothing of it.
    """
    if len(url) > MAX_URL or not all("!" <= sign <= "~" for sign in url):
        raise ValueError("want printable ASCII without blanks")
    parts = _ABSOLUTE.fullmatch(_decoded(url.partition("#")[0].partition("?")[0]))
    if parts is None:
        raise ValueError("want an http or https URL with a host and without user information")
    scheme, host, port, path = parts[1].lower(), parts[2].lower(), parts[3] or "", parts[4] or "/"
    where = host if port in ("", _PORTS[scheme]) else f"{host}:{port}"
    return f"{scheme}://{where}{_without_dots(path)}"


def escaped(url: str) -> str:
    """Return url with what no URI may have in it percent-encoded: for the address of a request that is under way."""
    origin = _ORIGIN.match(url)
    at = origin.end() if origin else 0
    return url[:at] + quote(url[at:], safe="%:/?#@!$&'()*+,;=")


def _decoded(url: str) -> str:
    """Give percent-encoding its one spelling: what needs none has none, and the rest is upper case."""

    def spell(code: re.Match[str]) -> str:
        if code[1] is None:
            raise ValueError("want two hexadecimal digits after each %")
        sign = chr(int(code[1], 16))
        return sign if sign in _UNRESERVED else code[0].upper()

    return _PERCENT.sub(spell, url)


def _without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986 section 5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
