"""What is asked of one ship or user: what it is, was, and how it came to that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from service.postgres.current import STATES, current
from service.postgres.folded import FOLDINGS, Folded
from service.postgres.journal import Journal
from service.postgres.moments import Moments
from service.postgres.public import Public, parked
from service.postgres.reveal import Reveal
from service.postgres.signals import Signals
from service.postgres.statement import statement
from service.postgres.versions import arrivals
from service.projections.answers import NotFound, NotYet, Slice, State, cut, gone, not_found, put_aside
from service.projections.questions import ANY, NOW, Fresh, Span, Then

Row = Mapping[str, Any]


class Entities:
    """Its methods raise NotFound, NotYet where it has not come so far in time, and StoreUnavailable."""

    def __init__(self, views: Public, journal: Journal, moments: Moments, reveal: Reveal, signals: Signals) -> None:
        self._views = views
        self._journal = journal
        self._moments = moments
        self._reveal = reveal
        self._arrivals = arrivals(views, signals)

    async def state(self, aggregate: str, entity_id: str, then: Then = NOW, fresh: Fresh = ANY) -> State:
        """An entity's state now or at a moment; raises Gone."""
        if then.moment is None and aggregate in STATES:
            await self._reach(STATES[aggregate], aggregate, entity_id, fresh)
            state = await current(self._views, aggregate, entity_id)
        else:
            await self._reach("journal", aggregate, entity_id, fresh)
            latest = then.moment or await self._journal.version(aggregate, entity_id)
            state = await self._then(aggregate, entity_id, latest)
        [fields] = await self._reveal.reveal(aggregate, [(entity_id, state.fields)])
        return State(entity_id, state.version, fields, state.stale)

    async def events(self, aggregate: str, entity_id: str, span: Span, fresh: Fresh = ANY) -> Slice[Row, int]:
        """Events in the order of versions, those of a deleted one too."""
        await self._reach("journal", aggregate, entity_id, fresh)
        # Before the rows: what is redriven in between is among them, and none is missing from what is not stale.
        stale = await self._parked("journal", aggregate, entity_id)
        rows = await self._journal.events(aggregate, entity_id, replace(span, limit=span.limit + 1))
        if not rows:
            await self._require(aggregate, entity_id, stale=stale)
        shown = await self.shown(aggregate, rows)
        return cut(shown, span.limit, lambda row: int(row["version"]), stale=stale)

    async def statement(self, user_id: str, span: Span, fresh: Fresh = ANY) -> Slice[Row, int]:
        """Lines of a user's account in the order of versions, with what it came to at each, of a closed one too."""
        await self._reach("journal", "user", user_id, fresh)
        lines = await statement(self._journal, self._moments, user_id, span)
        if not lines.items:
            await self._require("user", user_id, stale=lines.others["stale"])
        return lines

    async def shown(self, aggregate: str, rows: Sequence[Row]) -> list[Row]:
        """Events, with names as this reader may see them."""
        revealed = await self._reveal.reveal(aggregate, [(row["entity_id"], row["data"]) for row in rows])
        return [{**row, "data": data} for row, data in zip(rows, revealed, strict=True)]

    async def _require(self, aggregate: str, entity_id: str, *, stale: bool) -> None:
        if not await self._journal.version(aggregate, entity_id):
            raise not_found(aggregate, entity_id, put_aside("journal") if stale else None)

    async def _then(self, aggregate: str, entity_id: str, moment: datetime | int) -> State:
        folded = (await self._moments.states(aggregate, [entity_id], moment))[entity_id]
        if not folded.version:
            raise not_found(aggregate, entity_id, _reason(folded))
        if isinstance(moment, int) and folded.version < moment and not folded.stale:
            raise NotFound(f"{aggregate.capitalize()} with ID {entity_id} has no version {moment}")
        fields = FOLDINGS[aggregate].render(folded)
        if fields is None:
            raise gone(aggregate, entity_id)
        return State(entity_id, folded.version, fields, folded.stale)

    async def _parked(self, projection: str, aggregate: str, entity_id: str) -> bool:
        query = f"SELECT {parked(projection, '$1', '$2')} AS stale"
        [row] = await self._views.fetch(query, aggregate, entity_id)
        return bool(row["stale"])

    async def _reach(self, projection: str, aggregate: str, entity_id: str, fresh: Fresh) -> None:
        if not fresh.version:
            return
        try:
            await self._arrivals[projection, aggregate].reach(entity_id, fresh)
        except NotYet as late:
            if await self._parked(projection, aggregate, entity_id):
                raise NotYet(late.reached, put_aside(projection)) from None
            raise


def _reason(folded: Folded) -> str | None:
    """Why not all of it is known, if so, and what to do."""
    if folded.parked:
        return put_aside("journal")
    return (
        "this release does not understand its events: ask an API of the release that wrote them"
        if folded.stuck
        else None
    )
