"""What a verifier takes from the world, so that tests can put their own in its place."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Around:
    """Time and chance.

    Attributes:
        now: the wall clock, seconds since 1970.
        clock: a monotonic clock, seconds.
        chance: a number from 0 to 1, for jitter.
    """

    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
