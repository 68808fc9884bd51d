"""A batch of records of one partition becomes the writes that bring a projection past it."""

from __future__ import annotations

from collections.abc import Sequence

from service.projections.folding import Write, fold
from service.projections.projection import Change, Projection
from service.projections.stored import Record, Source, read_stored


class NotProjected(Exception):
    """A projection does not understand a message; the text says which one, the cause says why."""


def project_batch(projection: Projection, source: Source, records: Sequence[Record]) -> list[Write]:
    """The writes of these records, which are of one source and in order; raises NotProjected."""
    changes: list[Change] = []
    for record in records:
        try:
            changes += projection.project(read_stored(source, record))
        except Exception as error:
            place = f"{source.aggregate}.{source.kind}[{record.partition}] offset {record.offset}"
            raise NotProjected(f"{projection.name} cannot take {place}: {type(error).__name__}: {error}") from error
    return fold(changes)
