"""Whether a token was recalled: what the ways of knowing have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ._claims import Claims
from ._refresh import UnavailableError
from ._steps import Steps


class Check(Protocol):
    """A way of knowing."""

    def check(self, claims: Claims, raw: str) -> Steps[bool]:
        """Give whether the token was looked for; it has not been recalled.

        Raises:
            RevokedError: it has.
            UnavailableError: what is known is too old, or nothing is.
        """

    def age(self) -> float | None:
        """Return how old what is known is, in seconds; None when there is no answer to that."""

    def close(self) -> None:
        """Stop what runs in the background."""

    def after_fork(self) -> None:
        """Make it usable in a forked child."""


class Both:
    """Several ways: a token counts while it does in each of them."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks

    def check(self, claims: Claims, raw: str) -> Steps[bool]:
        """Ask each."""
        looked = False
        fault: UnavailableError | TimeoutError | None = None
        for check in self._checks:
            try:
                looked = (yield from check.check(claims, raw)) or looked
            except (UnavailableError, TimeoutError) as error:  # noqa: PERF203 (two at most)
                fault = error  # the next may know that it was recalled
        if fault is not None:
            raise fault
        return looked

    def age(self) -> float | None:
        """Return the greatest age."""
        return max((age for check in self._checks if (age := check.age()) is not None), default=None)

    def close(self) -> None:
        """Stop each."""
        for check in self._checks:
            check.close()

    def after_fork(self) -> None:
        """Make each usable in a forked child."""
        for check in self._checks:
            check.after_fork()
