"""What a reader can ask of an answer besides what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Fresh:
    """An answer must have come to this version of its entity; a reader waits up to so many seconds for it."""

    version: int = 0
    wait_s: float = 0


ANY = Fresh()


@dataclass(frozen=True, slots=True)
class Then:
    """The moment that is asked for: a time (inclusive), a version, or now."""

    at: datetime | None = None
    version: int | None = None

    @property
    def moment(self) -> datetime | int | None:
        """Null for now."""
        return self.version if self.at is None else self.at


NOW = Then()


@dataclass(frozen=True, slots=True)
class Span:
    """Up to `limit` events beyond version `after`, as they were by `until`.

    `until` is inclusive, and meant for the running maximum of the entity's event times.
    """

    limit: int
    after: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Days:
    """From the first day to the last, in UTC, of one item or of all."""

    first: date = date.min
    last: date = date.max
    item: str | None = None


@dataclass(frozen=True, slots=True)
class Ships:
    """Which ships are asked for: all where nothing is said; `name` is how a name begins, `item` what is aboard."""

    status: str | None = None
    port: str | None = None
    name: str | None = None
    item: str | None = None
