"""States of entities as they were at a time or at a version, folded on from those that are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from service.postgres.folded import FOLDINGS, Folded
from service.postgres.names import Names
from service.postgres.pool import Pool, reading_faults

_FETCH_ROWS = 500

# Each entity's last kept state that is not beyond the moment, and the events from there up to it. `$3` is the moment.
_KEPT = """
SELECT kept.* FROM unnest($2::text[]) AS wanted (entity_id) CROSS JOIN LATERAL (
    SELECT entity_id, version, reached, state FROM {{public}}.kept
    WHERE aggregate = $1 AND entity_id = wanted.entity_id AND fold = $4 AND {not_beyond} LIMIT 1
) AS kept
"""
_EVENTS = """
SELECT events.* FROM unnest($2::text[], $4::bigint[]) AS wanted (entity_id, after) CROSS JOIN LATERAL (
    SELECT entity_id, version, type, time, data FROM {{public}}.journal
    WHERE aggregate = $1 AND entity_id = wanted.entity_id AND version > wanted.after AND version {not_beyond}
) AS events ORDER BY entity_id, version
"""
_AT = (
    _KEPT.format(not_beyond="reached <= $3 ORDER BY reached DESC, version DESC"),
    # Times of imported events need not rise: what counts is their running maximum.
    _EVENTS.format(
        not_beyond=f"""< coalesce((
            SELECT min(version) FROM {{public}}.journal
            WHERE aggregate = $1 AND entity_id = wanted.entity_id AND version > wanted.after AND time > $3
        ), {2**63 - 1})"""  # noqa: S608  # texts of our own
    ),
)
_VERSION = (
    _KEPT.format(not_beyond="version <= $3 ORDER BY version DESC"),
    _EVENTS.format(not_beyond="<= $3"),
)


class Moments:
    """Reads the views `journal` and `kept`."""

    def __init__(self, pool: Pool, names: Names) -> None:
        self._pool = pool
        self._at = [query.format(public=names.public) for query in _AT]
        self._version = [query.format(public=names.public) for query in _VERSION]

    async def states(self, aggregate: str, entity_ids: Sequence[str], moment: datetime | int) -> Mapping[str, Folded]:
        """The state of each entity at a time (inclusive) or a version; version 0 of what was not there yet.

        Raises StoreUnavailable. Folds fewer than KEPT_EVERY events of each entity, where the keeper has kept up.
        """
        folding = FOLDINGS[aggregate]
        kept_query, events_query = self._version if isinstance(moment, int) else self._at
        with reading_faults():
            async with self._pool.acquire() as connection:
                kept = await connection.fetch(kept_query, aggregate, entity_ids, moment, folding.fold)
                found = dict.fromkeys(entity_ids, folding.begin)
                found |= {row["entity_id"]: folding.unpack(row) for row in kept}
                after = [folded.version for folded in found.values()]
                async with connection.transaction(readonly=True):
                    # By parts, so that others are answered meanwhile.
                    events = await connection.cursor(events_query, aggregate, list(found), moment, after)
                    while rows := await events.fetch(_FETCH_ROWS):
                        for row in rows:
                            found[row["entity_id"]] = folding.on(found[row["entity_id"]], row)
        return found
