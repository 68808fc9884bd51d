"""Ships and users, now and at any moment, and the events that made them so."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from service.api.models import Event, EventPage, Page, Ship, User, flat
from service.api.parameters import After, Cursor, Id, Limit, Until, When
from service.api.ports import Queries
from service.projections.answers import State


def entity_routes(queries: Queries) -> APIRouter:
    """The routes of /ships and /users."""
    routes = APIRouter()

    async def state(aggregate: str, entity_id: str, when: When) -> State:
        return await queries.state(
            aggregate,
            entity_id,
            at=when.at,
            version=when.version,
            min_version=when.min_version,
            wait_s=when.wait_s,
        )

    async def events(aggregate: str, entity_id: str, after: int, until: datetime | None, limit: int) -> EventPage:
        rows = await queries.events(aggregate, entity_id, after=after, until=until, limit=limit + 1)
        items = [Event.model_validate(row) for row in rows[:limit]]
        return EventPage(items=items, next=items[-1].version if len(rows) > limit else None)

    @routes.get("/ships", tags=["ships"])
    async def list_ships(cursor: Cursor = "", limit: Limit = 100) -> Page[Ship]:
        """All ships in the order of their ids."""
        ships = await queries.ships(cursor, limit + 1)
        items = [Ship.model_validate(flat(ship)) for ship in ships[:limit]]
        return Page(items=items, next=items[-1].id if len(ships) > limit else None)

    @routes.get("/ships/{id}", tags=["ships"])
    async def show_ship(id: Id, when: When) -> Ship:  # noqa: A002  # the name that is in the path
        """One ship, now or at a moment."""
        return Ship.model_validate(flat(await state("ship", id, when)))

    @routes.get("/ships/{id}/events", tags=["ships"])
    async def list_ship_events(id: Id, after: After = 0, until: Until = None, limit: Limit = 100) -> EventPage:  # noqa: A002  # as above
        """The events of a ship in the order of versions."""
        return await events("ship", id, after, until, limit)

    @routes.get("/users/{id}", tags=["users"])
    async def show_user(id: Id, when: When) -> User:  # noqa: A002  # as above
        """One account, now or at a moment; 410 once it was deleted."""
        return User.model_validate(flat(await state("user", id, when)))

    @routes.get("/users/{id}/events", tags=["users"])
    async def list_user_events(id: Id, after: After = 0, until: Until = None, limit: Limit = 100) -> EventPage:  # noqa: A002  # as above
        """The events of an account in the order of versions, those of a deleted one too."""
        return await events("user", id, after, until, limit)

    return routes
