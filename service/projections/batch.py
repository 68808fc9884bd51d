"""A batch of records of one partition becomes the writes that bring a projection past it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from fairlead.versions import NewerVersion
from service.projections.folding import Write, fold
from service.projections.projection import Change, Projection
from service.projections.stored import Record, Source, read_stored

# What any index takes, of what may be 256 KiB: keys of invalid commands come as they are, and errors quote them.
_NAME_CHARACTERS = 300
_REASON_CHARACTERS = 2_000


class RowsRefused(Exception):
    """The rows themselves cannot be kept, and were not, whoever tries; the message says why."""


@dataclass(frozen=True, slots=True)
class Parked:
    """From which message on those of an entity wait, and why."""

    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What records lead to: rows, and by entity those that could not be taken, with the messages that wait for it."""

    writes: Sequence[Write] = ()
    parked: Mapping[str, Parked] = field(default_factory=dict)
    waiting: Sequence[Record] = ()


def entity_of(record: Record) -> str:
    """Whose message it is, by its key; U+0000, the one character PostgreSQL cannot hold, becomes U+FFFD.

    Of a key too long for an index it is the beginning, with a digest of all of it.
    """
    key = record.key or b""
    name = key.decode(errors="replace").replace("\x00", "\ufffd")
    if len(name) <= _NAME_CHARACTERS:
        return name
    return f"{name[:_NAME_CHARACTERS]}… {blake2b(key, digest_size=16).hexdigest()}"


def because(error: Exception) -> str:
    """An error as it can be kept and told, whatever it quotes."""
    told = f"{type(error).__name__}: {error}"[:_REASON_CHARACTERS]
    return told.replace("\x00", "\ufffd").encode(errors="backslashreplace").decode()


def project_batch(
    projection: Projection, source: Source, records: Sequence[Record], waiting_for: Collection[str] = ()
) -> Batch:
    """What these records lead to, which are of one source and in order, while entities are parked already.

    A message that the projection does not understand parks its entity; what comes after it waits in its order.
    Raises RowsRefused where their changes do not go together, and NewerVersion.
    """
    changes: list[Change] = []
    parked: dict[str, Parked] = {}
    waiting: list[Record] = []
    for record in records:
        if (waiting_for or parked) and ((entity_id := entity_of(record)) in waiting_for or entity_id in parked):
            waiting.append(record)
            continue
        try:
            # All of them before any is added: one that fails half-way leaves nothing behind.
            changes += list(projection.project(read_stored(source, record)))
        except NewerVersion:
            # Nothing is wrong with it: whoever comes next reads it.
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, the messages of others go on
            parked[entity_of(record)] = Parked(record.offset, because(error))
            waiting.append(record)
    try:
        return Batch(fold(changes), parked, waiting)
    except (TypeError, ValueError) as error:
        raise RowsRefused(because(error)) from error


def all_waiting(record: Record, reason: str) -> Batch:
    """The batch of a message alone whose rows were refused."""
    return Batch((), {entity_of(record): Parked(record.offset, reason)}, (record,))
