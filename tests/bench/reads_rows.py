"""A fleet in the projections' tables, made by PostgreSQL itself: what is measured is how it is read."""

from __future__ import annotations

from service.postgres.keeper import Keeper
from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.schema import prepare_projections
from service.postgres.signals import Signals
from service.projections import PROJECTIONS
from service.projections.journal import KEPT_EVERY

EVENTS = 10
BIG = "big"
_SECONDS_APART = 60

# Each ship is registered, docked, and loaded eight times; every fourth has departed since, as an eleventh event.
_FILL = """
INSERT INTO {ships}.ships SELECT 'ship-' || n, 'Ship ' || n, CASE WHEN n % 4 = 0 THEN 'at sea' ELSE 'docked' END,
    CASE WHEN n % 4 = 0 THEN NULL ELSE 'Port ' || n % 100 END, 10 + (n % 4 = 0)::int FROM generate_series(1, {n}) n;
INSERT INTO {ships}.cargo SELECT 'ship-' || n, 'Item ' || (n + i) % 50, 10 * i
    FROM generate_series(1, {n}) n, generate_series(1, 4) i;
INSERT INTO {ports}.berths SELECT 'ship-' || n, CASE WHEN n % 4 = 0 THEN NULL ELSE 'Port ' || n % 100 END
    FROM generate_series(1, {n}) n;
INSERT INTO {ports}.ports SELECT 'Port ' || n, {n} / 100, {n}, 0 FROM generate_series(0, 99) n;
INSERT INTO {accounts}.accounts SELECT 'user-' || n, '{{"alg": "A256GCM"}}', n, 1, false FROM generate_series(1, {n}) n;
INSERT INTO {journal}.journal
SELECT 'ship', 'ship-' || n, v, gen_random_uuid(),
    CASE v WHEN 1 THEN 'ShipRegistered' WHEN 2 THEN 'ShipDocked' WHEN 11 THEN 'ShipDeparted' ELSE 'CargoLoaded' END,
    '2026-01-01Z'::timestamptz + v * interval '{apart} seconds', gen_random_uuid(), NULL,
    CASE v WHEN 1 THEN jsonb_build_object('name', 'Ship ' || n)
    WHEN 2 THEN jsonb_build_object('port', 'Port ' || n % 100)
    WHEN 11 THEN jsonb_build_object('departed_from', 'Port ' || n % 100)
    ELSE jsonb_build_object('item', 'Item ' || v, 'quantity', 10, 'port', 'Port ' || n % 100) END
FROM generate_series(1, {n}) n, generate_series(1, 11) v WHERE v < 11 OR n % 4 = 0;
INSERT INTO {journal}.journal
SELECT 'ship', '{big}', v, gen_random_uuid(),
    CASE v WHEN 1 THEN 'ShipRegistered' WHEN 2 THEN 'ShipDocked' ELSE 'CargoLoaded' END,
    '2026-01-01Z'::timestamptz + v * interval '1 second', gen_random_uuid(), NULL,
    CASE v WHEN 1 THEN '{{"name": "Big"}}' WHEN 2 THEN '{{"port": "Port 1"}}'
    ELSE '{{"item": "tea", "quantity": 1, "port": "Port 1"}}' END::jsonb
FROM generate_series(1, {of_big}) v;
INSERT INTO {journal}.due SELECT aggregate, entity_id, version FROM {journal}.journal WHERE version % {every} = 0;
"""


async def fill(pool: Pool, names: Names, ships: int, of_big: int) -> None:
    """So many ships and accounts, and one ship with so many events; all states kept."""
    await prepare_projections(pool, names, PROJECTIONS.values())
    schemas = {name: names.tables(one.build()) for name, one in PROJECTIONS.items()}
    numbers = {"n": ships, "of_big": of_big, "every": KEPT_EVERY, "apart": _SECONDS_APART}
    await pool.execute(_FILL.format(big=BIG, **numbers, **schemas), timeout=600)
    await pool.execute("VACUUM ANALYZE", timeout=600)
    keeper = Keeper(pool, names, PROJECTIONS["journal"].build(), Signals(pool, names))
    while await keeper.keep_one():
        pass
