"""What each route says in OpenAPI of the answers that are none."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Problem(BaseModel):
    """Why there is no answer (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["about:blank"])
    title: str
    status: int
    detail: str
    stale: bool = Field(
        default=False,
        description="Whether a fault has put aside what may change that, or this release cannot read it: see `detail`",
        examples=[False],
    )


_ALWAYS = (400, 503)
_DETAILS = {
    400: ("What was asked for is not as it must be", "limit: Input should be less than or equal to 500"),
    404: (
        "Nothing of this name is known, which is no last word where it is `stale`",
        "Ship with ID 7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10 not found",
    ),
    410: ("It was deleted", "User with ID 7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10 was deleted"),
    503: ("Not yet, or the database does not answer: ask again after `Retry-After`", "The projection has version 2"),
}


def told(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems of a route, by status; 400 and 503 are those of every one."""
    return {status: _told(status, *_DETAILS[status]) for status in sorted({*statuses, *_ALWAYS})}


def _told(status: int, description: str, detail: str) -> dict[str, Any]:
    example = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {"description": description, "content": {"application/problem+json": content}}
