"""The theory of a read model on one page: its tables, and what a message does to their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.projections.build import Build
from service.projections.stored import Source, Stored


@dataclass(slots=True)
class Insert:
    """A row that no other message touches."""

    table: str
    row: Mapping[str, Any]


@dataclass(slots=True)
class Upsert:
    """Set these columns of the row with this key, which comes into being if need be; for rows of one entity only."""

    table: str
    key: Mapping[str, Any]
    values: Mapping[str, Any]


@dataclass(slots=True)
class Add:
    """Add to these columns of the row with this key, which begins at its defaults; in any order, so for shared rows."""

    table: str
    key: Mapping[str, Any]
    deltas: Mapping[str, int] = field(default_factory=dict)


Change = Insert | Upsert | Add


@dataclass(frozen=True, slots=True)
class View:
    """What readers see: a query of the projection's tables, and the columns that no two of its rows have alike.

    Without a key its rows may differ between builds and mean the same.
    """

    query: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Projection:
    """A read model, each build of which has a schema of its own.

    `tables` is SQL that creates its tables, whose names are unqualified; `progress`, `parked` and `waiting` are taken.
    A column is changed by Upsert or by Add, never by both; one that an Upsert may leave out has a default or takes
    null.
    `views` are the public views by name.
    `project` is pure, and raises on a message that it does not understand.
    Another `tables` or another module of `project` is another version.
    """

    name: str
    version: int
    sources: tuple[Source, ...]
    tables: str
    views: Mapping[str, View]
    project: Callable[[Stored], Iterable[Change]]

    def build(self, number: int = 1) -> Build:
        """A build by this code."""
        return Build(self.name, self.version, number)
