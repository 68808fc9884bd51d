"""An audit reads the rows of a view whatever its query is."""

from __future__ import annotations

from service.audit.report import Report
from service.postgres.audited import Audited
from service.postgres.names import Names
from service.postgres.pool import Pool
from tests.postgres.seeding import Seeding


async def test_a_view_whose_plan_has_several_lines_is_read(pool: Pool, names: Names, seeding: Seeding) -> None:
    await seeding.events("ship", ("aurora", "ShipRegistered", {"name": "Aurora"}))
    await pool.execute(
        f"""
        ALTER VIEW {names.public}.ships RENAME TO before;
        CREATE VIEW {names.public}.ships AS SELECT * FROM {names.public}.before ORDER BY name, ship_id
        """  # noqa: S608  # the schema is our own
    )
    assert len(await pool.fetch(f"EXPLAIN SELECT FROM {names.public}.ships")) > 1

    tables = await Audited(pool, names).tables(Report(), ["ship"], lambda _done, _total: None)

    assert [("aurora",)] == list(tables.whole["ships"])
