"""Which commands have an outcome that is final, so that nobody has them judged a second time."""

from __future__ import annotations

from collections.abc import Collection

from service.postgres.public import Public

_AT_ONCE = 10_000
_SETTLED = """
SELECT DISTINCT command_id, entity_id FROM {public}.outcomes
WHERE aggregate = $1 AND command_id = ANY($2) AND status = ANY('{{accepted,rejected,conflict}}')
AND code IS DISTINCT FROM 'id_reused'
"""


async def settled_commands(views: Public, aggregate: str, command_ids: Collection[str]) -> set[tuple[str, str | None]]:
    """Those of these ids that were judged, each with the entity that was asked; raises StoreUnavailable."""
    found: set[tuple[str, str | None]] = set()
    # PostgreSQL compares nothing with U+0000, which a stranger's id may have, and no command that was judged.
    ids = sorted(one for one in command_ids if "\x00" not in one)
    for at in range(0, len(ids), _AT_ONCE):
        rows = await views.fetch(_SETTLED, aggregate, ids[at : at + _AT_ONCE])
        found |= {(row["command_id"], row["entity_id"]) for row in rows}
    return found
