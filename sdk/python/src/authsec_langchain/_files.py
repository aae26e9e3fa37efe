"""Reads the small files that hold a credential."""

from __future__ import annotations

import os
import stat

MAX_BYTES = 16 * 1024


class UnusableFileError(Exception):
    """Says, without any of its content, why a file is of no use."""


def read_small_file(path: str | os.PathLike[str]) -> str:
    """Return a file's text without surrounding blanks.

    Raises UnusableFileError when it cannot be read, is no regular file, is over 16 KiB, blank or not printable ASCII.
    """
    content = read_text_file(path).strip()
    if content.isprintable():
        return content
    del content  # a traceback that shows local variables must not show a credential
    raise UnusableFileError(f"{os.fspath(path)} holds something other than one line of printable ASCII")


def read_text_file(path: str | os.PathLike[str]) -> str:
    """Return the text of a file that may have several lines.

    Raises UnusableFileError when it cannot be read, is no regular file, is over 16 KiB, blank or not ASCII.
    """
    content = _read(path)
    if len(content) > MAX_BYTES:
        fault = f"is larger than {MAX_BYTES} bytes"
    elif not content.strip():
        fault = "is empty"
    elif not content.isascii():
        fault = "holds something other than ASCII"
    else:
        return content.decode("ascii")
    del content
    raise UnusableFileError(f"{os.fspath(path)} {fault}")


def _read(path: str | os.PathLike[str]) -> bytes:
    # O_NONBLOCK: opening a pipe would otherwise wait for its writer. The type is asked of what was opened.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnusableFileError(f"{os.fspath(path)} is not a regular file")
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnusableFileError(f"{os.fspath(path)} cannot be read: {error.strerror}") from None
