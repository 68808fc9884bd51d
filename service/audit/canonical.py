"""Rows in one form, so that two can be compared by their text, or by eight bytes of its hash where there are many."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
# A row far beyond the others is kept by itself.
_GAP = 1_000_000


def canonical(row: Any) -> str:
    """The row as JSON; equal texts are equal values, 1 and 1.0 are not."""
    return _ENCODER.encode(row)


def fingerprint(row: Any) -> int:
    """Eight bytes that tell the row from others, never 0."""
    return int.from_bytes(blake2b(canonical(row).encode(), digest_size=8).digest(), "big") or 1


class Numbered:
    """Fingerprints by numbers that go on, almost without gaps, from the first one, or from that which is put first."""

    def __init__(self, first: int | None = None) -> None:
        self._first = first
        self._dense = array("Q")
        self._odd: dict[int, int] = {}

    def put(self, number: int, value: int) -> bool:
        """Keep it; whether there was none of this number."""
        if self._first is None:
            self._first = number
        place = number - self._first
        if not 0 <= place <= len(self._dense) + _GAP:
            return self._odd.setdefault(number, value) is value
        if place >= len(self._dense):
            self._dense.extend(array("Q", bytes(8 * (place + 1 - len(self._dense)))))
        elif self._dense[place]:
            return False
        self._dense[place] = value
        return True

    def take(self, number: int) -> int | None:
        """That of this number, which is then gone."""
        place = number - (self._first or 0)
        if 0 <= place < len(self._dense) and self._dense[place]:
            value, self._dense[place] = self._dense[place], 0
            return value
        return self._odd.pop(number, None)

    def forget(self, below: int) -> int:
        """Let go of those with lower numbers; how many there were."""
        gone = [number for number in self.left() if number < below]
        for number in gone:
            self.take(number)
        return len(gone)

    def left(self) -> Iterator[int]:
        """The numbers of those that nobody took."""
        yield from ((self._first or 0) + place for place, value in enumerate(self._dense) if value)
        yield from self._odd
