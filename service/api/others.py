"""The routes of an aggregate that has none of its own: what its rules render, now and at any moment."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.answers import flat, page_of_events
from service.api.models import Entity, EventPage
from service.api.parameters import Freshness, Id, When, Which
from service.api.ports import Queries
from service.api.told import told


def entity_routes(queries: Queries, aggregate: str) -> APIRouter:
    """The routes of /{aggregate}s."""
    routes = APIRouter(prefix=f"/{aggregate}s", tags=[f"{aggregate}s"])

    @routes.get("/{id}", responses=told(404, 410))
    async def show(id: Id, when: When, fresh: Freshness) -> Entity:  # noqa: A002  # the name that is in the path
        """One of them, now or at a moment."""
        return Entity.model_validate(flat(await queries.state(aggregate, id, when, fresh)))

    @routes.get("/{id}/events", responses=told(404))
    async def list_events(id: Id, which: Which, fresh: Freshness) -> EventPage:  # noqa: A002  # as above
        """The events of one in the order of versions."""
        return page_of_events(await queries.events(aggregate, id, which, fresh))

    return routes
