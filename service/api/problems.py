"""Every answer that is none, as problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from service.projections.answers import Gone, NotFound, NotYet
from service.projections.store import StoreUnavailable

RETRY = {"Retry-After": "1"}
# What was put aside stays so until somebody redrives it.
RETRY_SELDOM = {"Retry-After": "60"}


class BadRequest(ValueError):
    """Parameters that do not go together."""


def add_problems(app: FastAPI) -> None:
    """Let the app say what went wrong in one shape, whatever it was."""

    @app.exception_handler(NotFound)
    async def not_found(_: Request, error: NotFound) -> JSONResponse:
        return problem(HTTPStatus.NOT_FOUND, str(error), stale=error.stale)

    @app.exception_handler(Gone)
    async def gone(_: Request, error: Gone) -> JSONResponse:
        return problem(HTTPStatus.GONE, str(error))

    @app.exception_handler(NotYet)
    async def not_yet(_: Request, error: NotYet) -> JSONResponse:
        headers = RETRY_SELDOM if error.stale else RETRY
        members = {"reached_version": error.reached, "stale": error.stale}
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=headers, **members)

    @app.exception_handler(StoreUnavailable)
    async def unavailable(_: Request, error: StoreUnavailable) -> JSONResponse:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=RETRY)

    @app.exception_handler(BadRequest)
    async def bad_request(_: Request, error: BadRequest) -> JSONResponse:
        return problem(HTTPStatus.BAD_REQUEST, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in error.errors()]
        return problem(HTTPStatus.BAD_REQUEST, "; ".join(faults))

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        return problem(HTTPStatus(error.status_code), error.detail, headers=error.headers)

    @app.exception_handler(Exception)
    async def failed(_: Request, _error: Exception) -> JSONResponse:
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The service failed on this request; its log says why")


def problem(
    status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """The response of a problem; `members` go beside the standard ones."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **members}
    return JSONResponse(body, status.value, headers, media_type="application/problem+json")
