"""What the API needs from the projections, wherever they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from service.projections.answers import State


class Queries(Protocol):
    """Reads; each raises StoreUnavailable while the store cannot answer."""

    async def state(  # noqa: PLR0913  # when, and how new at least, are independent
        self,
        aggregate: str,
        entity_id: str,
        *,
        at: datetime | None = None,
        version: int | None = None,
        min_version: int = 0,
        wait_s: float = 0,
    ) -> State:
        """An entity's state now, at a time or at a version; raises NotFound, Gone and NotYet."""

    async def events(
        self, aggregate: str, entity_id: str, *, after: int = 0, until: datetime | None = None, limit: int
    ) -> list[dict[str, Any]]:
        """An entity's events beyond a version; raises NotFound."""

    async def ships(self, after: str, limit: int) -> list[State]:
        """Ships in the order of ids."""

    async def ports(self, after: str, limit: int) -> list[Mapping[str, Any]]:
        """Ports in the order of names."""

    async def port(self, name: str) -> Mapping[str, Any]:
        """One port; raises NotFound."""

    async def outcomes(self, command_id: str) -> Sequence[Mapping[str, Any]]:
        """What became of the commands with this id."""

    async def progress(self) -> Sequence[Mapping[str, Any]]:
        """Where each partition of each projection stands."""

    async def ping(self) -> None:
        """Return where the store answers."""
