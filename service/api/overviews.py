"""Ports, outcomes of commands, and where the projections stand."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.models import All, Outcome, Page, Port, Progress
from service.api.parameters import Cursor, Id, Limit
from service.api.ports import Queries
from service.projections.answers import NotFound


def overview_routes(queries: Queries) -> APIRouter:
    """The routes of /ports, /commands and /projections."""
    routes = APIRouter()

    @routes.get("/ports", tags=["ports"])
    async def list_ports(cursor: Cursor = "", limit: Limit = 100) -> Page[Port]:
        """All ports that a ship ever docked at, in the order of their names."""
        ports = await queries.ports(cursor, limit + 1)
        items = [Port.model_validate(port) for port in ports[:limit]]
        return Page(items=items, next=items[-1].port if len(ports) > limit else None)

    @routes.get("/ports/{name:path}", tags=["ports"])
    async def show_port(name: Id) -> Port:
        """One port."""
        return Port.model_validate(await queries.port(name))

    @routes.get("/commands/{id}", tags=["commands"])
    async def list_outcomes(id: Id) -> All[Outcome]:  # noqa: A002  # the name that is in the path
        """What became of a command: one outcome for each entity that was sent this id; 404 while there is none."""
        outcomes = [Outcome.model_validate(row) for row in await queries.outcomes(id)]
        if not outcomes:
            raise NotFound(f"No outcome of command {id} is known")
        return All(items=outcomes)

    @routes.get("/projections", tags=["projections"])
    async def list_projections() -> All[Progress]:
        """Where each partition of each projection stands."""
        return All(items=[Progress.model_validate(row) for row in await queries.progress()])

    return routes
