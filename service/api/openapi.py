"""The description of the API: FastAPI's own, but with problem details for everything that goes wrong."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.api.told import Problem


def describe(app: FastAPI) -> None:
    """Have /openapi.json say what is answered."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(
                get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's manual has it


def _with_problems(found: dict[str, Any]) -> dict[str, Any]:
    for path in found["paths"].values():
        for operation in path.values():
            # FastAPI would say 422; ours are 400.
            operation["responses"].pop("422", None)
    schemas = found["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    return found
