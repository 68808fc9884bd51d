"""Accounts, now and at any moment, line by line, and the events that made them so."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.answers import flat, page_of_events
from service.api.models import EventPage, Line, Statement, User
from service.api.parameters import Freshness, Id, When, Which
from service.api.ports import Queries
from service.api.told import told


def user_routes(queries: Queries) -> APIRouter:
    """The routes of /users."""
    routes = APIRouter(prefix="/users", tags=["users"])

    @routes.get("/{id}", responses=told(404, 410))
    async def show_user(id: Id, when: When, fresh: Freshness) -> User:  # noqa: A002  # the name that is in the path
        """One account, now or at a moment; 410 once it was deleted."""
        return User.model_validate(flat(await queries.state("user", id, when, fresh)))

    @routes.get("/{id}/events", responses=told(404))
    async def list_user_events(id: Id, which: Which, fresh: Freshness) -> EventPage:  # noqa: A002  # as above
        """The events of an account in the order of versions, those of a deleted one too."""
        return page_of_events(await queries.events("user", id, which, fresh))

    @routes.get("/{id}/statement", responses=told(404))
    async def show_statement(id: Id, which: Which, fresh: Freshness) -> Statement:  # noqa: A002  # as above
        """What came and went, with the balance after each, of a deleted account too."""
        found = await queries.statement(id, which, fresh)
        lines = [Line.model_validate(line) for line in found.items]
        return Statement(items=lines, next=found.next, **found.others)

    return routes
