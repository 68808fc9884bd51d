"""States of entities as they were at a time or at a version, folded on from those that are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from service.postgres.folded import FOLDINGS, Folded
from service.postgres.public import Public, parked

# Of each entity, so that others are answered meanwhile where a long history has no kept states yet.
_AT_ONCE = 500

# Each entity's last kept state that is not beyond the moment, and the events from there up to it. `$3` is the moment.
_KEPT = f"""
SELECT wanted.entity_id, {parked("journal", "$1", "wanted.entity_id")} AS parked, kept.version, kept.reached, kept.state
FROM unnest($2::text[]) AS wanted (entity_id) LEFT JOIN LATERAL (
    SELECT version, reached, state FROM {{public}}.kept
    WHERE aggregate = $1 AND entity_id = wanted.entity_id AND fold = $4 AND %s LIMIT 1
) AS kept ON true
"""  # noqa: S608  # texts of our own
_EVENTS = f"""
SELECT events.* FROM unnest($2::text[], $4::bigint[]) AS wanted (entity_id, after) CROSS JOIN LATERAL (
    SELECT entity_id, version, type, time, data, schema_version FROM {{public}}.journal
    WHERE aggregate = $1 AND entity_id = wanted.entity_id AND version > wanted.after AND version %s
    ORDER BY version LIMIT {_AT_ONCE}
) AS events ORDER BY entity_id, version
"""  # noqa: S608  # as above
# Times of imported events need not rise: what counts is their running maximum.
_PASSED = f"""coalesce((
    SELECT min(version) FROM {{public}}.journal
    WHERE aggregate = $1 AND entity_id = wanted.entity_id AND version > wanted.after AND time > $3
), {2**63 - 1})"""  # noqa: S608  # as above
_AT = _KEPT % "reached <= $3 ORDER BY reached DESC, version DESC", _EVENTS % f"< {_PASSED}"
_VERSION = _KEPT % "version <= $3 ORDER BY version DESC", _EVENTS % "<= $3"


class Moments:
    """Reads the views `journal` and `kept`."""

    def __init__(self, views: Public) -> None:
        self._views = views

    async def states(self, aggregate: str, entity_ids: Sequence[str], moment: datetime | int) -> Mapping[str, Folded]:
        """The state of each entity at a time (inclusive) or a version; version 0 of what was not there yet.

        It is parked where the entity is, and stuck where an event before that moment cannot be folded. Raises
        StoreUnavailable. Folds fewer than KEPT_EVERY events of each entity, where the keeper has kept up.
        """
        folding = FOLDINGS[aggregate]
        kept, events = _VERSION if isinstance(moment, int) else _AT
        rows = await self._views.fetch(kept, aggregate, entity_ids, moment, folding.fold)
        found = {row["entity_id"]: folding.unpack(row if row["version"] else None) for row in rows}
        wanted = list(found)
        while wanted:
            after = [found[entity_id].version for entity_id in wanted]
            more: Counter[str] = Counter()
            for event in await self._views.fetch(events, aggregate, wanted, moment, after):
                entity_id = event["entity_id"]
                found[entity_id] = folding.further(found[entity_id], event)
                more[entity_id] += 1
            # One that is stuck never comes to what is behind: asked again it would be asked for ever.
            wanted = [id_ for id_, count in more.items() if count == _AT_ONCE and not found[id_].stuck]
        return {row["entity_id"]: found[row["entity_id"]]._replace(parked=row["parked"]) for row in rows}
