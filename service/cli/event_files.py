"""Files of events as a stream, however large: a JSON list or JSON Lines, compressed or not, by the file's name."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

import orjson

from service.cli.exits import Exit, Stop
from service.cli.json_list import LARGEST, Source, read_list

# Half the time of the usual level, for files that are a tenth larger.
_LEVEL = 3
_TELL_EVERY = 1_000
_READ_BYTES = 128 * 1024


class NoJson(ValueError):
    """What stands on this line is none."""


class Sink(Protocol):
    """Takes bytes."""

    def write(self, content: bytes, /) -> object:
        """Append them."""


def is_lines(path: Path) -> bool:
    """Whether a file of this name has an event on each line, rather than one list of them."""
    return path.name.removesuffix(".gz").endswith(".jsonl")


class Form(NamedTuple):
    """What stands around the events of a file; `none` is its end where there are none."""

    begin: bytes
    between: bytes
    end: bytes
    none: bytes


_LIST, _LINES = Form(b"[\n", b",\n", b"\n]\n", b"]\n"), Form(b"", b"\n", b"\n", b"")


def form_of(path: Path) -> Form:
    """That of a file of this name."""
    return _LINES if is_lines(path) else _LIST


@contextmanager
def compressed(path: Path, target: IO[bytes]) -> Iterator[Sink]:
    """What takes the content of a file of this name."""
    if not path.name.endswith(".gz"):
        yield target
        return
    # Neither name nor time stands in it: the same events make the same file.
    with gzip.GzipFile("", "wb", _LEVEL, target, mtime=0) as packed:
        yield packed


def read_values(path: Path, told: Callable[[int], object]) -> Iterator[tuple[int, Any]]:
    """Each event as it stands there, with its place from 1: in JSON Lines that of its line, NoJson where it is none.

    `told` hears now and then how many bytes of the file were read. Raises Stop and OSError.
    """
    with path.open("rb") as file:
        content: Source = _unpacked(file) if path.name.endswith(".gz") else file
        try:
            for place, value in _lines(content) if is_lines(path) else enumerate(read_list(content), 1):
                if place % _TELL_EVERY == 0 and file.seekable():
                    told(file.tell())
                yield place, value
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise Stop(Exit.INVALID, f"{path} is no whole gzip file ({error}): compress it again") from error
        except ValueError as error:
            raise Stop(Exit.INVALID, f"{path} cannot be read: {error}") from error


def _unpacked(file: IO[bytes]) -> Source:
    # Its own readline is Python, and took 0.5 of 1.2 µs of a line.
    return BufferedReader(gzip.GzipFile(fileobj=file), _READ_BYTES)


def _lines(content: Source) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(iter(partial(content.readline, LARGEST), b""), 1):
        if len(line) == LARGEST:
            raise ValueError(f"line {number} is too long for an event")
        if line.isspace():
            continue
        try:
            yield number, orjson.loads(line)
        except ValueError as error:
            yield number, NoJson(f"it is not JSON: {error}")
