"""Reads text/event-stream (HTML Living Standard section 9.2.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_EVENT = 64 * 1024
"""The most bytes of one event."""

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An event of a stream."""

    event: str
    id: str
    data: str


class EventReader:
    """Takes a stream in pieces, cut anywhere, and gives its events."""

    def __init__(self) -> None:
        self._rest = bytearray()  # of a line that is not complete
        self._begun = False
        self._id = ""
        self._clear()

    def _clear(self) -> None:
        self._event = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[SentEvent]:
        """Return the events that piece completes.

        Raises:
            ValueError: an event is longer than any should be.
        """
        waiting = self._rest.endswith(b"\r")
        self._rest += piece
        events: list[SentEvent] = []
        if waiting or b"\n" in piece or b"\r" in piece:  # else what was read before need not be read again
            events = self._lines()
        if self._size + len(self._rest) > MAX_EVENT:
            raise ValueError(f"an event is longer than {MAX_EVENT} bytes")
        return events

    def _lines(self) -> list[SentEvent]:
        text = bytes(self._rest)
        if not self._begun:
            text = text.removeprefix(_BOM)
        self._begun = True
        events: list[SentEvent] = []
        position = 0
        while (line := _LINE.match(text, position)) and not (line[0].endswith(b"\r") and line.end() == len(text)):
            position = line.end()
            event = self._take(line[0].rstrip(b"\r\n").decode("utf-8", "replace"))
            if event is not None:
                events.append(event)
        self._rest = bytearray(text[position:])  # a CR at the end waits: a LF may belong to it
        return events

    def _take(self, line: str) -> SentEvent | None:
        if not line:
            event = SentEvent(self._event or "message", self._id, "\n".join(self._data)) if self._data else None
            self._clear()
            return event
        self._size += len(line)
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        return None
