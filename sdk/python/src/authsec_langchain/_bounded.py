"""A dict that does not grow without end."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


def remember(memory: dict[_K, _V], key: _K, value: _V, capacity: int) -> None:
    """Put key last, and drop the first when there are more than capacity."""
    memory.pop(key, None)
    memory[key] = value
    if len(memory) > capacity:
        del memory[next(iter(memory))]
