"""Remembers proofs for as long as they could be used again (RFC 9449 section 11.1)."""

from __future__ import annotations

import hashlib
import heapq
import threading

from ._errors import InvalidProofError, ProofsFullError


class ReplayCache:
    """A bounded set of the proofs that were used. May be used from any thread.

    When it is full, no proof is accepted until one in it has ended: forgetting one that is still good would let it be
    used twice.

    Args:
        capacity: how many proofs to remember; each takes about 250 bytes.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._seen: set[bytes] = set()
        self._ends: list[tuple[float, bytes]] = []
        self.after_fork()

    def after_fork(self) -> None:
        """Make it usable in a forked child, which goes on with what the parent has seen."""
        self._lock = threading.Lock()

    def use(self, thumbprint: str, proof_id: str, until: float, now: float) -> None:
        """Note a proof, which nobody may use again before until has passed (seconds since 1970).

        Raises:
            InvalidProofError: it was used before.
            ProofsFullError: there is no room.
        """
        key = hashlib.sha256(f"{thumbprint}.{proof_id}".encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            while self._ends and self._ends[0][0] < now:
                self._seen.discard(heapq.heappop(self._ends)[1])
            if key in self._seen:
                raise InvalidProofError("replayed", "want a new proof for each request")
            if len(self._seen) >= self._capacity:
                raise ProofsFullError(f"{self._capacity} proofs are in use")
            self._seen.add(key)
            heapq.heappush(self._ends, (until, key))

    def __len__(self) -> int:
        return len(self._seen)
