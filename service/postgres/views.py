"""What is public: the views of the builds that are shown, and how all builds fare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import asyncpg

from service.postgres.builds import Listed, builds, tell
from service.postgres.names import Names, quoted
from service.postgres.pool import Connection
from service.projections.build import Build
from service.projections.projection import Projection

# The views of how all builds fare, and the columns of the table of that name which each build has.
FARE = {
    "progress": "topic, partition, next_offset",
    "parked": 'topic, partition, entity_id, "offset", reason, at',
}


# A view that earlier builds of a projection have and the one that is shown has not.
_OLD_VIEWS = """
SELECT DISTINCT v.relname FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
    JOIN pg_class t ON t.oid = d.refobjid
WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
    AND v.relnamespace = $1::text::regnamespace AND t.relnamespace = ANY($2::text[]::regnamespace[])
    AND v.relname <> ALL($3::text[])
"""


class InUse(Exception):
    """Others have built upon what is to be changed or dropped; the message says who and what to do."""


class NoSuchRole(LookupError):
    """The role that is to read is not there; the message says what to do."""


async def show(connection: Connection, names: Names, projection: Projection, build: Build) -> None:
    """Let the public views show this build from the end of the transaction on; within `alone`. Raises InUse."""
    await connection.execute(
        f"""
        UPDATE {names.public}.versions SET current = (version, build) = ($2, $3),
            shown_at = CASE WHEN (version, build) = ($2, $3) THEN now() ELSE shown_at END,
            followed = followed OR (version, build) = ($2, $3),
            drop_at = CASE WHEN (version, build) <> ($2, $3) THEN drop_at END
        WHERE projection = $1
        """,  # noqa: S608  # the schema is our own
        build.name,
        build.version,
        build.number,
    )
    all_builds = await builds(connection, names)
    schemas = [names.tables(one.build) for one in all_builds if one.build.name == build.name]
    gone = await connection.fetch(_OLD_VIEWS, names.public, schemas, [*projection.views, *FARE])
    views = {name: view.query for name, view in projection.views.items()} | _fares(names, all_builds)
    await _replace(connection, names, views, [name for (name,) in gone], names.tables(build))
    await grant(connection, names)
    await tell(connection, names)


async def show_all(connection: Connection, names: Names) -> None:
    """Have the views of how builds fare name all that there are, of which there is one at least; within `alone`."""
    await _replace(connection, names, _fares(names, await builds(connection, names)))
    await grant(connection, names)
    await tell(connection, names)


async def grant(connection: Connection, names: Names) -> None:
    """Let the reader, where one is named, read what is public; raises NoSuchRole."""
    if names.reader:
        role = quoted(names.reader)
        try:
            await connection.execute(
                f"GRANT USAGE ON SCHEMA {names.public} TO {role}; "
                f"GRANT SELECT ON ALL TABLES IN SCHEMA {names.public} TO {role}"
            )
        except asyncpg.UndefinedObjectError as error:
            raise NoSuchRole(
                f"FAIRLEAD_READER_ROLE names {names.reader}, which the database does not have: CREATE ROLE {role}"
            ) from error


def _of_one(names: Names, listed: Listed, table: str, columns: str) -> str:
    build = listed.build
    of = f"regexp_replace(substr(topic, {len(names.prefix) + 1}), '\\.[^.]*$', '')"
    return (
        f"SELECT {_literal(build.name)} AS projection, {build.version} AS version, {build.number} AS build, "  # noqa: S608  # names are our own
        f"{str(listed.current).lower()} AS current, {of} AS aggregate, {columns} FROM {names.tables(build)}.{table}"
    )


async def _replace(
    connection: Connection, names: Names, views: Mapping[str, str], gone: Sequence[str] = (), path: str = "pg_catalog"
) -> None:
    # In place where the columns allow it: whoever reads a view, and may, goes on. All in one statement, since readers
    # and a build wait meanwhile.
    statements = [f"PERFORM set_config('search_path', {_literal(path)}, true);"]
    for name, query in views.items():
        view = f"{names.public}.{quoted(name)}"
        statements.append(
            f"BEGIN CREATE OR REPLACE VIEW {view} AS {query}; EXCEPTION WHEN invalid_table_definition THEN "
            f"DROP VIEW {view}; CREATE VIEW {view} AS {query}; END;"
        )
    statements += [f"DROP VIEW {names.public}.{quoted(name)};" for name in gone]
    try:
        await connection.execute(f"DO $all_views$ BEGIN {' '.join(statements)} END $all_views$")
    except asyncpg.DependentObjectsStillExistError as error:
        raise InUse(f"{error.detail}, which gets other columns or goes: drop the former first") from error


def _fares(names: Names, all_builds: Sequence[Listed]) -> dict[str, str]:
    return {
        view: " UNION ALL ".join(_of_one(names, one, view, columns) for one in all_builds)
        for view, columns in FARE.items()
    }


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'::text"
