"""What a token is asked for: actions and audiences, in one canonical form that also keys the cache."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

Names = str | Iterable[str]
"""One or several names: `"billing:read"`, `"billing:read billing:refund"` or any iterable of them."""

_ACTION_SEPARATOR = re.compile(r"[\s,]+")
_BLANKS = re.compile(r"\s+")  # audiences are URIs: they may hold a comma, never a blank (RFC 3986)
_MAX_NAMES = 256
_MAX_LENGTH = 2048


class Scope(NamedTuple):
    """Actions and audiences, each sorted and without repeats. An empty one leaves the choice to the delegation."""

    actions: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()


def action_names(value: Names) -> tuple[str, ...]:
    """Return canonical actions; a string may separate them by blanks or commas. Raises ValueError."""
    return _canonical("actions", value, _ACTION_SEPARATOR)


def audience_names(value: Names) -> tuple[str, ...]:
    """Return canonical audience URIs; a string may separate them by blanks. Raises ValueError."""
    return _canonical("audience", value, _BLANKS)


def _canonical(what: str, value: Names, separator: re.Pattern[str]) -> tuple[str, ...]:
    if isinstance(value, str):
        names = [name for name in separator.split(value) if name]
    elif isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        names = list(value)
    else:
        raise ValueError(f"{what} must be a text or several texts")
    if not names:
        # Not "everything": a caller's filter that leaves nothing must not widen what the agent may do.
        raise ValueError(f"{what} is empty; leave it out to get all that is delegated")
    if len(names) > _MAX_NAMES:
        raise ValueError(f"{what} holds more than {_MAX_NAMES} names")
    for name in names:
        if (
            not isinstance(name, str)
            or not name
            or len(name) > _MAX_LENGTH
            or not name.isprintable()
            or separator.search(name)
        ):
            raise ValueError(
                f"{what} holds a name that is not text, is blank or too long, or has a blank or control character in it"
            )
    return tuple(sorted(set(names)))
