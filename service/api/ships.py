"""Ships, one and many, now and at any moment, and the events that made them so."""

from __future__ import annotations

from dataclasses import astuple

from fastapi import APIRouter

from service.api.answers import flat, page_of_events, page_of_ships
from service.api.models import EventPage, Page, Ship
from service.api.parameters import At, Cursor, Freshness, Id, Limit, When, Which, WhichShips
from service.api.ports import Queries
from service.api.problems import BadRequest
from service.api.told import told


def ship_routes(queries: Queries) -> APIRouter:
    """The routes of /ships."""
    routes = APIRouter(prefix="/ships", tags=["ships"])

    @routes.get("", responses=told())
    async def list_ships(wanted: WhichShips, at: At = None, cursor: Cursor = "", limit: Limit = 100) -> Page[Ship]:
        """Ships in the order of their ids: all, those asked for, or the fleet as it was at a time.

        A page of the fleet as it was may be shorter than `limit` where its ships have long histories.
        """
        if at is None:
            return page_of_ships(await queries.ships(wanted, cursor, limit))
        if any(astuple(wanted)):
            raise BadRequest("at: the fleet as it was cannot be narrowed: leave status, port, name and item out")
        return page_of_ships(await queries.fleet(at, cursor, limit))

    @routes.get("/{id}", responses=told(404))
    async def show_ship(id: Id, when: When, fresh: Freshness) -> Ship:  # noqa: A002  # the name that is in the path
        """One ship, now or at a moment."""
        return Ship.model_validate(flat(await queries.state("ship", id, when, fresh)))

    @routes.get("/{id}/events", responses=told(404))
    async def list_ship_events(id: Id, which: Which, fresh: Freshness) -> EventPage:  # noqa: A002  # as above
        """The events of a ship in the order of versions."""
        return page_of_events(await queries.events("ship", id, which, fresh))

    return routes
