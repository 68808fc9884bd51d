"""The first three checks, which need no entity: readable, contract, partition."""

from __future__ import annotations

from dataclasses import dataclass

from service.audit.contract import COMMANDS, faults
from service.audit.hashing import partition_of
from service.audit.matching import Open, naming
from service.audit.records import Json, PartitionLogs, Record
from service.audit.text import flawed, is_text, parse, writable
from service.audit.versions import STEPS, of_former

MAX_VALUE = 256 * 1024
_MAX_ID = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record is no command; `command` holds what of it could be read."""

    code: str
    message: str | Open
    command: Json

    @property
    def id(self) -> str | None:
        """The id that a reply can name, None where it gets none."""
        id_ = self.command.get("id")
        return id_ if isinstance(id_, str) and 1 <= len(id_) <= _MAX_ID else None

    @property
    def subject(self) -> str | None:
        """The subject that a reply can name."""
        subject = self.command.get("subject")
        return subject if isinstance(subject, str) else None

    @property
    def correlation(self) -> str | None:
        """The correlation id that a reply carries."""
        value = self.command.get("correlationid")
        return value if is_text(value) else None


def read(logs: PartitionLogs, record: Record) -> Json | Fault:
    """The command in a record of this partition, as it was sent, or why it is none."""
    readable, is_flawed = _object(record.value)
    if len(record.value or b"") > MAX_VALUE:
        return Fault("too_large", Open(), readable)
    if not all(isinstance(readable.get(name), str) for name in ("specversion", "id", "type")):
        return Fault("unreadable", Open(), readable)
    if readable["type"] not in COMMANDS[logs.aggregate]:
        return Fault("unknown_command", f"Unknown command: {readable['type']}", readable)
    # Of what cannot be written as it is nothing can be brought up.
    present = readable if is_flawed else present_of(logs.aggregate, readable, record.key)
    paths = faults(logs.aggregate, present, record.key)
    if paths or is_flawed:
        return Fault("invalid_command", naming(paths) if paths else Open(), readable)
    if partition_of(record.key or b"", logs.partitions) != logs.partition:
        return Fault("wrong_partition", Open(), readable)
    return readable


def present_of(aggregate: str, command: Json, key: bytes | None) -> Json:
    """A readable command as the rules take it: brought up where it keeps the contract only in a former version."""
    # Most commands have none, and what is wrong with them is not to be asked twice.
    if not STEPS[aggregate].get(command["type"]) or not faults(aggregate, command, key):
        return command
    return of_former(aggregate, command) or command


def _object(value: bytes | None) -> tuple[Json, bool]:
    """What there is of an object, as it can be written; and whether it had what cannot."""
    try:
        found = parse(value or b"")
    except ValueError:
        return {}, False
    if not isinstance(found, dict):
        return {}, False
    is_flawed = flawed(value or b"")
    return writable(found) if is_flawed else found, is_flawed
