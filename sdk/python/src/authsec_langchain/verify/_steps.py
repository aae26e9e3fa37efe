"""Checks are generators that do no waiting: they yield what to wait for. So one text serves threads and event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from concurrent.futures import Future, wait
from typing import Any, TypeVar

T = TypeVar("T")

Steps = Generator["Future[Any]", None, T]
"""Yields futures, and goes on when each is done, whatever came of it, or is thrown TimeoutError."""


def begun() -> Future[Any]:
    """Return a future that no waiter can cancel: others wait for it too."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future


def run(steps: Steps[T], timeout: float) -> T:
    """Go through steps, waiting in this thread: at most timeout seconds for each."""
    try:
        awaited = next(steps)
        while True:
            awaited = steps.send(None) if _done(awaited, timeout) else steps.throw(TimeoutError())
    except StopIteration as end:
        result: T = end.value
        return result


def _done(awaited: Future[Any], timeout: float) -> bool:
    return bool(wait([awaited], timeout).done)


async def arun(steps: Steps[T], timeout: float) -> T:
    """Go through steps without blocking the event loop (asyncio)."""
    try:
        awaited = next(steps)
        while True:
            ours = asyncio.wrap_future(awaited)
            ours.add_done_callback(_take_note)
            done, _ = await asyncio.wait([ours], timeout=timeout)
            awaited = steps.send(None) if done else steps.throw(TimeoutError())
    except StopIteration as end:
        result: T = end.value
        return result


def _take_note(future: asyncio.Future[Any]) -> None:
    """Look at the outcome, which the steps take from their own future; asyncio complains of those nobody looked at."""
    if not future.cancelled():
        future.exception()
