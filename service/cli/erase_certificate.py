"""The certificate: for each copy of what told who somebody was, what became of it and how that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from service.cli.dead_letters_print import tame
from service.cli.output import emit_fields, emit_json, emit_rows, out

# The key is gone; the name is there, sealed; it is not there; it is, until retention removes it; nobody has looked;
# it is there, and can be read.
Result = Literal["destroyed", "sealed", "none", "rests", "named", "READABLE"]
_COPIES = ("copy", "place", "found", "result", "until")
_PLACES = ("place", "where", "readable_until", "removed_by")


@dataclass(frozen=True, slots=True)
class Shown:
    """Where a name can be read, and what removes it when; the times are None where nothing does."""

    place: str
    where: Sequence[str]
    readable_until: str | None = None
    removed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy; `found` is how many records or rows of the person it has, None where nobody looked."""

    copy: str
    place: str
    checked: str
    result: Result
    found: int | None = None
    until: str | None = None
    shown: Sequence[Shown] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """Times in RFC 3339; `clear` unless a copy can be read and nothing removes it."""

    aggregate: str
    entity_id: str
    deleted_at: str
    version: int
    key_id: str
    key_destroyed_at: str | None
    searched_by: str
    made_at: str
    clear: bool
    copies: Sequence[Copy]


def emit_certificate(certificate: Certificate, *, as_json: bool) -> None:
    """Print it."""
    told = asdict(certificate)
    if as_json:
        emit_json(told)
        return
    copies = told.pop("copies")
    emit_fields(told, as_json=False)
    out.print()
    emit_rows(copies, _COPIES, as_json=False, none="")
    out.print()
    emit_fields({copy["copy"]: copy["checked"] for copy in copies}, as_json=False)
    # What strangers wrote cannot steer a terminal.
    if shown := [place | {"where": tame(", ".join(place["where"]))} for copy in copies for place in copy["shown"]]:
        out.print()
        emit_rows(shown, _PLACES, as_json=False, none="")
