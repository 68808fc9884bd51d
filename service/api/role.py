"""The health of a role that serves nothing else over HTTP, part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response

from service.api.health import health_routes
from service.status import Part


def create_role_health(is_ready: Callable[[], bool], status: Callable[[], Sequence[Part]]) -> FastAPI:
    """Answers /readyz from whether the role has become ready and from what its parts say of themselves now."""

    async def readyz() -> Response:
        parts = status()
        ready = is_ready() and all(part.ready for part in parts)
        told = {"status": "ready" if ready else "not ready", "parts": [asdict(part) for part in parts]}
        return JSONResponse(told, status_code=200 if ready else 503)

    app = FastAPI(openapi_url=None)
    app.include_router(health_routes(readyz))
    return app
