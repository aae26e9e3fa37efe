"""JSON as strict as what decides over access must be: two readers of one text must never differ on it.

UTF-8, no name twice in an object, brackets at most 16 deep, numbers kept as they are written (RFC 8725 section 2.4).
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 16
"""A token with the longest chain of actors needs nine levels."""

LAST_SECOND = 253402300799
"""9999-12-31T23:59:59Z, the last second that RFC 3339 can write."""

Object = dict[str, Any]

# The closing quote is optional, so that a match never fails and the search stays linear.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)


class Number(str):
    """A number in the spelling it came in: 1e3 and 1000.0 are no whole numbers."""

    __slots__ = ()


class Ambiguous:
    """Stands for an object in which a name is repeated."""


def depth(data: bytes) -> int:
    """Return how deep brackets nest in data, outside of strings."""
    level = deepest = 0
    for sign in _STRING.sub(b"", data):
        if sign in b"{[":
            level += 1
            deepest = max(deepest, level)
        elif sign in b"}]":
            level -= 1
    return deepest


def parse(data: bytes) -> Any:
    """Return the JSON value of data; an object with a repeated name is an Ambiguous.

    Raises:
        ValueError: it is none, or nests too deep. Its text quotes nothing of data.
    """
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and depth(data) > MAX_DEPTH:
        raise ValueError("nested too deep")
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_no_constant,
        )
    except ValueError:
        pass
    raise ValueError("not JSON")


def parse_object(data: bytes) -> Object:
    """Return the members of the one JSON object in data. No name is repeated at any depth.

    Raises:
        ValueError: data is anything else. Its text quotes nothing of data.
    """
    value = parse(data)
    if not isinstance(value, dict) or _has_ambiguous(value):
        raise ValueError("not one JSON object of unique members")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> Object | Ambiguous:
    members = {_scalar_text(name): _scalar(value) for name, value in pairs}
    return members if len(members) == len(pairs) else Ambiguous()


def _scalar(value: Any) -> Any:
    if isinstance(value, list):
        return [_scalar(item) for item in value]
    return _scalar_text(value) if type(value) is str else value


def _scalar_text(text: str) -> str:
    """Replace half a surrogate pair, which is no character, as the Go verifier does."""
    return text if text.isascii() else _SURROGATE.sub("�", text)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _has_ambiguous(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_ambiguous(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_ambiguous(item) for item in value)
    return isinstance(value, Ambiguous)


def text(members: Object, name: str) -> str | None:
    """Return a member that is a string: "" when there is none, None when it is something else."""
    value = members.get(name, "")
    return value if type(value) is str else None


def texts(members: Object, name: str) -> list[str] | None:
    """Return a member that is an array of strings, or None."""
    value = members.get(name)
    if not isinstance(value, list) or any(type(item) is not str for item in value):
        return None
    return value


def whole(members: Object, name: str, most: int = LAST_SECOND) -> int | None:
    """Return a member that is written as a whole number from 0 to most, or None."""
    value = members.get(name)
    if not isinstance(value, Number) or not _WHOLE.fullmatch(value):
        return None
    number = int(value)
    return number if 0 <= number <= most else None
