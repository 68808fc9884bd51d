"""States as they are kept between an entity's events, and folded on from there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

import orjson
import structlog

from fairlead.versions import NewerVersion
from service.commands.fold import fingerprint
from service.commands.stored import States
from service.domain import AGGREGATES

log = structlog.get_logger()

_EVENT = ("type", "data", "schema_version")
_NEVER = datetime.min.replace(tzinfo=UTC)


class Folded(NamedTuple):
    """The state of an entity after its events up to a version.

    `reached` is the latest time among theirs, `since` how many of them were folded beyond what was kept. It is `stuck`
    where the next of them cannot be folded, and `parked` where the journal may lack the latest of them.
    """

    state: Any
    version: int = 0
    reached: datetime = _NEVER
    since: int = 0
    stuck: bool = False
    parked: bool = False

    @property
    def stale(self) -> bool:
        """Whether it may be older than what was asked for."""
        return self.stuck or self.parked


class Folding:
    """The folds of one aggregate; states that other code kept are not for them."""

    def __init__(self, aggregate: str) -> None:
        self._rules = AGGREGATES[aggregate]
        self._states = States(self._rules)
        self.begin = Folded(self._rules.initial)

    @cached_property
    def fold(self) -> str:
        """The name of the code that folds, which takes some milliseconds to tell."""
        return fingerprint(self._rules)

    def on(self, before: Folded, event: Mapping[str, Any]) -> Folded:
        """After one more event, a row of the journal; raises InvalidHistory, NewerVersion and ValidationError."""
        state = self._rules.evolve(before.state, self._rules.read_event(*(event[name] for name in _EVENT)))
        reached, since = max(before.reached, event["time"]), before.since + 1
        return before._replace(state=state, version=event["version"], reached=reached, since=since)

    def further(self, before: Folded, event: Mapping[str, Any]) -> Folded:
        """As `on`, but a state that cannot be brought on stays what it is, and is stuck."""
        if before.stuck:
            return before
        try:
            return self.on(before, event)
        except (NewerVersion, ValueError) as error:
            log.warning("not folded", aggregate=self._rules.name, version=event["version"], error=type(error).__name__)
            return before._replace(stuck=True)

    def pack(self, folded: Folded) -> Any:
        """The state as JSON's own values."""
        return orjson.loads(orjson.dumps(self._states.tagged(folded.state), default=vars))

    def unpack(self, kept: Mapping[str, Any] | None) -> Folded:
        """What was kept, a row of `kept`; the beginning where there is none, or a damaged one: it can be made again."""
        if kept is None:
            return self.begin
        try:
            return Folded(self._states.read(*kept["state"]), kept["version"], kept["reached"])
        except (KeyError, TypeError, ValueError) as error:
            why = type(error).__name__
            log.warning("kept state damaged", aggregate=self._rules.name, version=kept["version"], error=why)
            return self.begin

    def render(self, folded: Folded) -> dict[str, Any] | None:
        """The state as people read it, None where there is nothing to see."""
        return self._rules.render(folded.state)


FOLDINGS = {name: Folding(name) for name in AGGREGATES}
