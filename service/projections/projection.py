"""The theory of a read model on one page: its tables, and what a message does to their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.projections.stored import Source, Stored


@dataclass(frozen=True, slots=True)
class Insert:
    """A row that no other message touches."""

    table: str
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Upsert:
    """Set these columns of the row with this key, which comes into being if need be; for rows of one entity only."""

    table: str
    key: Mapping[str, Any]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Add:
    """Add to these columns of the row with this key, which begins at its defaults; in any order, so for shared rows."""

    table: str
    key: Mapping[str, Any]
    deltas: Mapping[str, int] = field(default_factory=dict)


Change = Insert | Upsert | Add


@dataclass(frozen=True, slots=True)
class Projection:
    """A read model in a schema of its own, `{name}_v{version}`.

    `tables` is SQL that creates its tables, whose names are unqualified. A column is changed by Upsert or by Add,
    never by both; one that an Upsert may leave out has a default or takes null.
    `views` are the public views by name, each a query of these tables.
    `project` is pure, and raises on a message that it does not understand.
    Another `tables` or another module of `project` is another version.
    """

    name: str
    version: int
    sources: tuple[Source, ...]
    tables: str
    views: Mapping[str, str]
    project: Callable[[Stored], Iterable[Change]]

    @property
    def schema(self) -> str:
        """The schema that this version lives in, without the prefix."""
        return f"{self.name}_v{self.version}"
