"""The key store, looked into last: once it is known under which keys a person was sealed, and that none is there."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from service.cli.erase_certificate import Copy, Shown

if TYPE_CHECKING:
    from service.postgres.forgetting import Forgetting

# Transactions of projectors are short, and those of a backup are not waited for.
_PATIENCE_SECONDS = 10.0
_LOOKED = "their row has no key, and no key is there under which anything of theirs is sealed"


async def key_copy(
    forgetting: Forgetting, aggregate: str, entity_id: str, kids: Collection[str], *, came_back: bool
) -> Copy:
    """What it holds, once its dead rows are vacuumed; `came_back` where the key had been there again."""
    kept = await forgetting.keys.kept(aggregate, entity_id)
    intact = await forgetting.keys.intact({*kids, kept.kid} if kept else kids)
    told = [_LOOKED, _vacuumed(await forgetting.keys.vacuum(wait_s=_PATIENCE_SECONDS))]
    if came_back:
        told.append("a backup had brought the key back: it was destroyed again")
    shown = [Shown(f"key {kid}", ["the key itself"]) for kid in sorted(intact)]
    return Copy(
        "key store", "fairlead_keys.keys", "; ".join(told), "READABLE" if shown else "destroyed", 1, shown=shown
    )


def _vacuumed(dead: int | None) -> str:
    if dead is None:
        return "this user may not vacuum the table: autovacuum does it when it comes to it"
    if dead:
        return f"vacuumed, but {dead:,} dead rows are kept for older transactions: certify again later"
    return "vacuumed: no dead row is left"
