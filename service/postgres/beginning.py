"""A build begins where its log does, and with what the shown one knows of messages that retention has removed."""

from __future__ import annotations

import asyncpg

from service.postgres.builds import builds
from service.postgres.names import Names, quoted
from service.postgres.pool import Connection
from service.postgres.writing import column_types
from service.projections.batch import RowsRefused
from service.projections.build import Build
from service.projections.level import Place

# By these a row says of which message it is: it is right whatever is known of others.
_OF_A_MESSAGE = {"aggregate", "partition", "offset"}
_OF_PARKED = {"topic", "partition", "entity_id", "offset"}
# Of some million messages it takes minutes.
_SECONDS = 3_600.0


async def begin(connection: Connection, names: Names, build: Build, place: Place, beginning: int) -> None:
    """Have a place stand at its beginning, unless it stands somewhere, and take over what is known of messages before.

    That is all columns that both builds have of the tables whose rows say of which message they are, and what is parked
    of these. Raises RowsRefused where the new one's tables have no room for that.
    """
    # In one statement, so that of a redrive in the shown build it has all or nothing.
    start = f"INSERT INTO {names.tables(build)}.progress VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1"  # noqa: S608  # names are our own
    steps = [f"begun AS ({start})"]
    shown = next((one.build for one in await builds(connection, names, build.name) if one.current), build)
    if shown != build:
        steps += await _taking_over(connection, names, shown, build)
    try:
        await connection.execute(f"WITH {', '.join(steps)} SELECT", *place, beginning, timeout=_SECONDS)
    except asyncpg.IntegrityConstraintViolationError as error:
        raise RowsRefused(
            f"{build.label} cannot take over what {shown.label} knows of {place[0]}[{place[1]}] from before offset "
            f"{beginning}, where that begins now ({error.args[0]}): `fairlead projections drop {build.name} "
            f"{build.label}`, and give the column a default"
        ) from error


async def _taking_over(connection: Connection, names: Names, shown: Build, build: Build) -> list[str]:
    old, new = [await column_types(connection, f"{names.prefix}{one.schema}") for one in (shown, build)]
    both = {table: columns.keys() & old.get(table, {}).keys() for table, columns in new.items()}
    aggregate = f"regexp_replace(substr($1, {len(names.prefix) + 1}), '\\.[^.]*$', '')"
    ours = {table: f"aggregate = {aggregate}" for table, columns in both.items() if columns >= _OF_A_MESSAGE}
    parked = {table: "topic = $1" for table, columns in both.items() if ours and columns >= _OF_PARKED}
    steps = []
    for table, of in {**ours, **parked}.items():
        if other := [column for column in sorted(both[table]) if new[table][column] != old[table][column]]:
            raise RowsRefused(
                f"{build.label} cannot take over what {shown.label} knows: {table}.{other[0]} has another type there. "
                f"`fairlead projections drop {build.name} {build.label}`, and give what changes another name"
            )
        name, columns = quoted(table), ", ".join(map(quoted, sorted(both[table])))
        steps.append(
            f"{quoted(f'of {table}')} AS (INSERT INTO {names.tables(build)}.{name} ({columns}) "  # noqa: S608  # as above
            f"SELECT {columns} FROM {names.tables(shown)}.{name} "
            f'WHERE {of} AND partition = $2 AND "offset" < $3 AND EXISTS (SELECT FROM begun))'
        )
    return steps
