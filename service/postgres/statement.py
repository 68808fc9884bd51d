"""A user's account line by line, with what it came to at each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from service.postgres.folded import FOLDINGS, Folded
from service.postgres.journal import Journal
from service.postgres.moments import Moments
from service.projections.answers import Slice, cut
from service.projections.questions import Span

_CHANGE = {"UserCreated": "balance", "UserBalanceChanged": "balance_change"}


async def statement(journal: Journal, moments: Moments, user_id: str, span: Span) -> Slice[Mapping[str, Any], int]:
    """Lines in the order of versions, none for an unknown user; raises StoreUnavailable.

    `balance` is null once the account is closed, and from a line on that cannot be folded, on all pages: it is then
    stale.
    """
    folding = FOLDINGS["user"]
    # What is before a page is asked of the states that are kept, and never added up from the beginning.
    folded = (await moments.states("user", [user_id], span.after))[user_id]
    before = _balance(folded)
    lines = []
    for event in await journal.events("user", user_id, replace(span, limit=span.limit + 1)):
        folded = folding.further(folded, event)
        change = event["data"].get(_CHANGE.get(event["type"]), 0)
        line = {name: event[name] for name in ("version", "time", "type", "event_id", "causation_id")}
        lines.append({**line, "change": change, "balance": _balance(folded)})
    return cut(lines, span.limit, lambda line: int(line["version"]), balance_before=before, stale=folded.stale)


def _balance(folded: Folded) -> int | None:
    fields = None if folded.stuck else FOLDINGS["user"].render(folded)
    return None if fields is None else int(fields["balance"])
