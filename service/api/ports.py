"""What the API needs from the projections, wherever they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from service.projections.answers import Slice, State
from service.projections.questions import ANY, NOW, Days, Fresh, Ships, Span, Then

Row = Mapping[str, Any]


class Queries(Protocol):
    """Reads; each raises StoreUnavailable while the store cannot answer.

    Those of one entity raise NotFound, and NotYet where it has not come so far in time.
    """

    async def state(self, aggregate: str, entity_id: str, then: Then = NOW, fresh: Fresh = ANY) -> State:
        """An entity's state now or at a moment; raises Gone."""

    async def events(self, aggregate: str, entity_id: str, span: Span, fresh: Fresh = ANY) -> Slice[Row, int]:
        """An entity's events, those of a deleted one too."""

    async def statement(self, user_id: str, span: Span, fresh: Fresh = ANY) -> Slice[Row, int]:
        """An account line by line, a closed one too."""

    async def ships(self, wanted: Ships, after: str, limit: int) -> Slice[State, str]:
        """Ships behind an id, in the order of ids."""

    async def fleet(self, at: datetime, after: str, limit: int) -> Slice[State, str]:
        """All ships as they were at a time, else as `ships`."""

    async def ports(self, after: str, limit: int) -> Slice[Row, str]:
        """Ports behind a name, in the order of names."""

    async def port(self, name: str) -> Row:
        """One port; raises NotFound."""

    async def throughput(self, port: str, days: Days, after: tuple[date, str], limit: int) -> Slice[Row, str]:
        """What went through a port behind a day and item, in their order; raises NotFound."""

    async def totals(self) -> Row:
        """All there is, counted and summed."""

    async def outcomes(self, command_id: str, wait_s: float = 0) -> Slice[Row, str]:
        """What became of the commands with this id, waiting so long for the first of them; raises NotFound."""

    async def builds(self) -> Sequence[Row]:
        """All builds of all projections, with what each has parked and where it stands."""

    async def ping(self) -> object:
        """Return where the store answers."""
