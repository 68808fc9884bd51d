"""Which commands have an outcome that is final, so that nobody has them judged a second time."""

from __future__ import annotations

from collections.abc import Collection

from service.postgres.public import Public
from service.projections.answers import Incomplete

_AT_ONCE = 10_000
_SETTLED = """
SELECT DISTINCT command_id, entity_id FROM {public}.outcomes
WHERE aggregate = $1 AND command_id = ANY($2) AND status = ANY('{{accepted,rejected,conflict}}')
AND code IS DISTINCT FROM 'id_reused'
"""


_PARKED = """
SELECT entity_id FROM {public}.parked
WHERE current AND projection = 'outcomes' AND aggregate = $1 AND entity_id = ANY($2) ORDER BY 1 LIMIT 1
"""


async def settled_commands(
    views: Public, aggregate: str, commands: Collection[tuple[str, str | None]]
) -> set[tuple[str, str | None]]:
    """Those of these ids that were judged, each with the entity that was asked.

    Raises Incomplete where replies about one of these entities were put aside, and StoreUnavailable.
    """
    # PostgreSQL compares nothing with U+0000, which a stranger's id may have, and no command that was judged.
    ids = sorted({id_ for id_, _ in commands if "\x00" not in id_})
    entities = sorted({entity for _, entity in commands if entity is not None and "\x00" not in entity})
    found: set[tuple[str, str | None]] = set()
    for at in range(0, len(entities), _AT_ONCE):
        for row in await views.fetch(_PARKED, aggregate, entities[at : at + _AT_ONCE]):
            raise Incomplete(
                f"Whether commands of {row['entity_id']} were judged since is not known: replies to them were put "
                "aside. `fairlead projections redrive outcomes` has the projection take them; then try again"
            )
    for at in range(0, len(ids), _AT_ONCE):
        rows = await views.fetch(_SETTLED, aggregate, ids[at : at + _AT_ONCE])
        found |= {(row["command_id"], row["entity_id"]) for row in rows}
    return found
