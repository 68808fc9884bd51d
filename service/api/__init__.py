"""The read-only HTTP API over the projections."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response

from service.api.entities import entity_routes
from service.api.health import health_routes, measure_requests
from service.api.overviews import overview_routes
from service.api.ports import Queries
from service.api.problems import add_problems


def create_api(queries: Queries) -> FastAPI:
    """The API as an ASGI application; whoever serves it owns the queries."""

    async def readyz() -> Response:
        await queries.ping()
        return JSONResponse({"status": "ready"})

    app = FastAPI(
        title="Fairlead",
        version="1",
        description="Ships and users as the projections have them. Errors are problem details (RFC 9457).",
    )
    measure_requests(app)
    add_problems(app)
    app.include_router(entity_routes(queries))
    app.include_router(overview_routes(queries))
    app.include_router(health_routes(readyz))
    return app
