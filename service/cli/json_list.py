"""A JSON list read value by value: of one with a million events only a window is ever in memory."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from typing import IO, Any

# Ours, though there is ijson: that (3.6 with yajl2_c) reads as many events, 330,000 in a second of CPU time, but ends
# the whole file at an integer of more than 64 bits, which here is a fault of its row, and at 100 kB of `[` its process
# was killed, with 20 GB of memory free.
# No event is as large: what has no end by then is none, and would be read as a whole before that is known.
LARGEST = 1 << 24
_READ = 1 << 20
_BLANK = re.compile(r"[ \t\r\n]*")

Source = IO[bytes]


def read_list(content: Source) -> Iterator[Any]:
    """The values of a list in UTF-8; `null` has none. Raises ValueError where it is not such a list."""
    window = _Window(content)
    if window.peek() != "[":
        # Whatever else is there is not read: it may be nested too deep for that.
        if window.peek() == "n" and window.value() is None and not window.peek():
            return
        raise ValueError("it is no list of events, such as `fairlead export` writes")
    window.skip()
    place = 0
    while window.peek() != "]":
        if place:
            if window.peek() != ",":
                raise ValueError(f"after event {place} it goes on with neither a comma nor the list's end")
            window.skip()
        place += 1
        try:
            yield window.value()
        except (JSONDecodeError, RecursionError) as error:
            raise ValueError(f"event {place} is not JSON: {getattr(error, 'msg', error)}") from error
    window.skip()
    if window.peek():
        raise ValueError("it goes on behind the list's end")


class _Window:
    """A stretch of a text, which moves on."""

    def __init__(self, content: Source) -> None:
        self._content = content
        self._text = getincrementaldecoder("utf-8")().decode
        self._decode = JSONDecoder(parse_constant=_refuse).raw_decode
        self._seen, self._at = "", 0

    def peek(self) -> str:
        """The next character that is not blank; none at the end."""
        while True:
            self._at = _BLANK.match(self._seen, self._at).end()  # type: ignore[union-attr]  # it matches anywhere
            if self._at < len(self._seen) or not self._more():
                return self._seen[self._at : self._at + 1]

    def skip(self) -> None:
        """Pass that character."""
        self._at += 1

    def value(self) -> Any:
        """The value that begins here; raises ValueError and RecursionError."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._seen, self._at)
            except JSONDecodeError:
                # It may only be cut off.
                if len(self._seen) - self._at > LARGEST or not self._more():
                    raise
            else:
                # A number may go on beyond what is seen: `1` as `1e+5`.
                if end + len("e+5") <= len(self._seen) or not self._more():
                    self._at = end
                    return value

    def _more(self) -> bool:
        read = self._content.read(_READ)
        more = self._text(read, not read)
        if read:
            self._seen, self._at = self._seen[self._at :] + more, 0
        return bool(read)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
