"""Drafts become batches of the log by aiokafka's C code: its Python around that would cost as much again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from service.commands.ports import Draft


def batches(empty: Callable[[], Any], drafts: Sequence[Draft]) -> Iterator[Any]:
    """These drafts in order in batches that are closed; `empty` is aiokafka's `create_batch`.

    A batch takes its first record whatever its size.
    """
    batch, count = empty(), 0
    append = batch._builder.append  # noqa: SLF001  # what the batch's own `append` comes to, one record at a time
    for key, value, headers, timestamp in drafts:
        if append(count, timestamp, key, value, headers) is None:
            yield _closed(batch, count)
            batch, count = empty(), 0
            append = batch._builder.append  # noqa: SLF001  # as above
            append(count, timestamp, key, value, headers)
        count += 1
    if count:
        yield _closed(batch, count)


def _closed(batch: Any, count: int) -> Any:
    batch._relative_offset = count  # noqa: SLF001  # as above
    batch.close()
    return batch
