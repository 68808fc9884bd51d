"""What supervisors and Prometheus ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest
from starlette.middleware.base import RequestResponseEndpoint

_SECONDS = Histogram(
    "fairlead_http_request_seconds",
    "How long requests to the API took",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5, 30),
)


def health_routes(readyz: Callable[[], Awaitable[Response]]) -> APIRouter:
    """The routes of /healthz, /readyz and /metrics; each role says what ready means."""
    routes = APIRouter(include_in_schema=False)
    routes.add_api_route("/readyz", readyz)

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return routes


def measure_requests(app: FastAPI) -> None:
    """Time every request under its route, so that ids make no series of their own."""

    @app.middleware("http")
    async def measure(request: Request, call_next: RequestResponseEndpoint) -> Response:
        started = perf_counter()
        response = await call_next(request)
        route = getattr(request.scope.get("route"), "path", "none")
        _SECONDS.labels(request.method, route, response.status_code).observe(perf_counter() - started)
        return response
