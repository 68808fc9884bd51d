"""A stranger's header whose name is no UTF-8 must not stop a partition: aiokafka alone would fail on it for ever."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

_BATCH_HEAD = struct.Struct(">qi")  # base offset, and the length of what follows


class LenientRecords:
    """What the fetcher reads of a partition, batch by batch."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._records = MemoryRecords(raw)
        self.has_next = self._records.has_next
        self.size_in_bytes = self._records.size_in_bytes

    def next_batch(self) -> _LenientBatch:
        """The next batch, as strict as aiokafka's own in everything but names of headers."""
        return _LenientBatch(self._records.next_batch(), self._raw)


class _LenientBatch:
    def __init__(self, batch: Any, raw: bytes) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(list(_lenient(self._raw, self._batch.base_offset)))


def _lenient(raw: bytes, base_offset: int) -> Any:
    """The same batch once more by aiokafka's Python reader, on bytes that decode leniently."""
    position = 0
    while True:
        offset, length = _BATCH_HEAD.unpack_from(raw, position)
        end = position + _BATCH_HEAD.size + length
        if offset == base_offset:
            break
        position = end
    batch = _DefaultRecordBatchPy(bytearray(raw[position:end]))
    batch._maybe_uncompress()  # noqa: SLF001  # there is no other way to its bytes
    batch._buffer = _Text(batch._buffer)  # noqa: SLF001  # as above
    return batch


class _Text(bytearray):
    def __getitem__(self, place: Any) -> Any:
        part = super().__getitem__(place)
        return _Text(part) if isinstance(place, slice) else part

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace" if errors == "strict" else errors)


def install() -> None:
    """From now on every consumer reads so."""
    fetcher.MemoryRecords = LenientRecords
