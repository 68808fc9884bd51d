"""Ports, totals, outcomes of commands, and where the projections stand."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.models import All, Outcome, Outcomes, Page
from service.api.overview_models import Build, Port, Through, ThroughputPage, Totals
from service.api.parameters import BehindDay, Cursor, Id, Limit, PortName, Wait, WhichDays
from service.api.ports import Queries
from service.api.told import told


def overview_routes(queries: Queries) -> APIRouter:
    """The routes of /ports, /throughput, /totals, /commands and /projections."""
    routes = APIRouter()

    @routes.get("/ports", tags=["ports"], responses=told())
    async def list_ports(cursor: Cursor = "", limit: Limit = 100) -> Page[Port]:
        """All ports that a ship ever docked at, in the order of their names."""
        found = await queries.ports(cursor, limit)
        return Page(items=[Port.model_validate(port) for port in found.items], next=found.next, **found.others)

    # A name may hold slashes, and end like any path below it would: what else is asked of a port has its name in the
    # query, the ships that lie there as `/ships?port=`.
    @routes.get("/ports/{name:path}", tags=["ports"], responses=told(404))
    async def show_port(name: Id) -> Port:
        """One port; its ships now are at `/ships?port=`, what goes through it at `/throughput?port=`."""
        return Port.model_validate(await queries.port(name))

    @routes.get("/throughput", tags=["ports"], responses=told(404))
    async def list_throughput(port: PortName, days: WhichDays, cursor: BehindDay, limit: Limit = 100) -> ThroughputPage:
        """What was loaded and unloaded at a port, by day (in UTC) and item, in their order."""
        found = await queries.throughput(port, days, cursor, limit)
        items = [Through.model_validate(row) for row in found.items]
        return ThroughputPage(items=items, next=found.next, **found.others)

    @routes.get("/totals", tags=["overview"], responses=told())
    async def show_totals() -> Totals:
        """All ships by status, cargo by item, ports, accounts and what they come to."""
        return Totals.model_validate(await queries.totals())

    @routes.get("/commands/{id}", tags=["commands"], responses=told(404))
    async def list_outcomes(id: Id, wait: Wait = 0) -> Outcomes:  # noqa: A002  # the name that is in the path
        """What became of a command: one outcome for each entity that was sent this id; 404 while there is none.

        500 are told at most.
        """
        found = await queries.outcomes(id, wait)
        return Outcomes(items=[Outcome.model_validate(row) for row in found.items], **found.others)

    @routes.get("/projections", tags=["projections"], responses=told())
    async def list_projections() -> All[Build]:
        """All builds of all projections, with what each has put aside, and where it stands."""
        return All(items=[Build.model_validate(row) for row in await queries.builds()])

    return routes
