"""The smallest batch, one visit of a port, and one too large for one statement; and what can be seen of them."""

from __future__ import annotations

from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.writing import FEW_ROWS
from service.projections.batch import Batch
from service.projections.folding import Write
from service.projections.store import Standing

TOPIC = "ship.events"
START = Standing(0)
VISIT = Batch([Write("ports", ("port",), (), ("visits",), [("Oslo", 1)])])

LARGE = Batch([Write("ports", ("port",), (), ("visits",), [("Oslo", 1), *((f"{n}", 1) for n in range(FEW_ROWS))])])


async def visits_and_offset(pool: Pool, names: Names) -> tuple[int, int]:
    """Visits of Oslo, and the next offset."""
    visits = await pool.fetchval(f"SELECT coalesce(max(visits), 0) FROM {names.public}.ports")  # noqa: S608
    offset = await pool.fetchval(f"SELECT max(next_offset) FROM {names.public}.progress WHERE projection = 'ports'")  # noqa: S608
    return visits, offset
