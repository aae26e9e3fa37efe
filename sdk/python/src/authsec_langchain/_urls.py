"""Rules about URLs that a credential may travel to."""

from __future__ import annotations

import ipaddress

import httpx


def is_loopback(host: str) -> bool:
    """Report whether host is this machine: `localhost`, a name below it (RFC 6761 section 6.3), or an address."""
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


SOCKET = "unix://"
"""How a base_url begins that names a Unix socket of this machine, by its absolute path."""


def is_socket(base_url: str) -> bool:
    """Report whether base_url names a Unix socket."""
    return base_url.startswith(SOCKET)


def socket_path(base_url: str) -> str:
    """Return the path of the Unix socket that base_url names."""
    return base_url.removeprefix(SOCKET)


def root(base_url: str) -> str:
    """Return the root of the server's URLs. Over a Unix socket the host names nobody; `localhost` is customary."""
    return "http://localhost" if is_socket(base_url) else base_url


def shows_in_clear(url: httpx.URL) -> bool:
    """Report whether a network can read what is sent to url: it is not https and goes to another machine."""
    return url.scheme not in ("https", "unix") and not is_loopback(url.host)


def checked_base_url(url: str) -> str:
    """Return url without blanks around it and a slash after it, or raise ValueError that says what to change."""
    url = url.strip()
    if any(char.isspace() or not char.isprintable() for char in url):
        raise ValueError("must not contain blanks or control characters")
    if is_socket(url):
        return _checked_socket(url)
    try:
        parts = httpx.URL(url)  # the parser that will also connect: two parsers could disagree about the host
    except (httpx.InvalidURL, ValueError):
        raise ValueError("is not a URL; write it like https://authsec.example.com") from None
    if parts.scheme not in ("http", "https") or not parts.host:
        raise ValueError("must start with https:// (or http:// or unix:// for this machine) and name a host")
    if parts.userinfo or "@" in url.partition("://")[2].partition("/")[0]:
        raise ValueError("must not contain a user name or password; use client_secret or workload_token_file")
    if "?" in url or "#" in url:
        raise ValueError("must not contain a query or a fragment; give the server's root only")
    return url.rstrip("/")


def _checked_socket(url: str) -> str:
    path = socket_path(url)
    if not path.startswith("/") or path.endswith("/"):
        raise ValueError("must name a socket by its absolute path, like unix:///run/authsec/authsec.sock")
    if any(sign in path for sign in "?#%"):
        raise ValueError("must hold the socket's plain path: no query, no fragment, no % escapes")
    return url
