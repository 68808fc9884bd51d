"""What supervisors and Prometheus ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = Histogram(
    "fairlead_http_request_seconds",
    "How long requests to the API took",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5, 30),
)

_UNDER_WAY = Gauge("fairlead_http_requests_in_progress", "Requests to the API that are not answered yet")


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


class MeasuredRequests:
    """Times every request under its route, so that ids make no series of their own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with _UNDER_WAY.track_inprogress():
                await self._app(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            _SECONDS.labels(scope["method"], route, status).observe(perf_counter() - started)
