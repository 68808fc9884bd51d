"""The read-only HTTP API over the projections."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response

from service.api.docs import add_docs
from service.api.ending import AnsweredAtTheEnd
from service.api.health import MeasuredRequests, health_routes
from service.api.openapi import describe
from service.api.others import entity_routes
from service.api.overviews import overview_routes
from service.api.ports import Queries
from service.api.problems import add_problems
from service.api.ships import ship_routes
from service.api.users import user_routes
from service.domain import AGGREGATES


def create_api(queries: Queries) -> FastAPI:
    """The API as an ASGI application; whoever serves it owns the queries."""

    async def readyz() -> Response:
        await queries.ping()
        return JSONResponse({"status": "ready"})

    app = FastAPI(
        title="Fairlead",
        version="1",
        docs_url=None,
        redoc_url=None,
        description="Ships and users as the projections have them. Errors are problem details (RFC 9457).",
    )
    app.add_middleware(AnsweredAtTheEnd)
    app.add_middleware(MeasuredRequests)
    add_problems(app)
    others = [entity_routes(queries, name) for name in AGGREGATES if name not in ("ship", "user")]
    own = (ship_routes(queries), user_routes(queries), *others)
    for routes in (*own, overview_routes(queries), health_routes(readyz)):
        app.include_router(routes)
    describe(app)
    add_docs(app)
    return app
