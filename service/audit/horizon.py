"""Where the logs begin to tell, and what therefore cannot be judged although its command is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.audit.entity import Case
from service.audit.parking import Parked
from service.audit.told import Told
from service.audit.unknown import Unknown
from service.audit.window import KEPT


@dataclass(slots=True)
class Horizon:
    """Commands are judged from the offset `first` on; the newest before had the time `clock`, in microseconds.

    Where some of those are gone, `clock` is None: a broker's clock may have gone back since, by however much.
    `complete`: nothing was ever before that. Else `versions` has what each entity had come to by then: of others,
    nothing was decided since. `unsure` has, by entity and offset, what failed, and parked it or not; those in `decided`
    were certainly not parked at some time since, so that of their parking all is told.
    """

    told: Told
    complete: bool = True
    first: int = 0
    clock: int | None = None
    versions: Mapping[str, int] = field(default_factory=dict)
    unsure: dict[str, dict[int, Case]] = field(default_factory=dict)
    decided: set[str] = field(default_factory=set)

    def before(self, entity_id: str, version: int) -> bool:
        """Whether an event was there before the first command that is judged."""
        return not self.complete and version <= self.versions.get(entity_id, version)

    def check(self, case: Case, reply_id: str, newest: int) -> None:
        """Raise Unknown where this command's outcome rests on what is gone."""
        known = case.entity.window.find(case.command["id"], case.now, newest)
        if case.entity.parked is None:
            # A repeat gets its answer whether its entity is parked or not.
            self._check_parking(case, reply_id, repeats=known is not None or reply_id in self.told.repeats)
        counts = self.clock is None or newest < self.clock + KEPT
        if known is None and counts and reply_id in self.told.repeats:
            raise Unknown("repeats what was asked before, perhaps", case.subject, lost=case.by is not None)

    def _check_parking(self, case: Case, reply_id: str, *, repeats: bool) -> None:
        """What a record would have said that was compacted since, later answers tell, as far as they do."""
        subject, offset, told = case.subject, case.record.offset, self.told
        failed, free = self.unsure.get(subject, {}), self.complete or subject in self.decided
        fails, waits = told.failure(reply_id) is not None, told.waits(reply_id)
        if fails and told.parks_first(subject, offset):
            # Had an earlier failure parked it, this one would have added to what waits, without a record.
            self.unsure.pop(subject, None)
        elif not free and (fails or waits or case.is_control):
            raise Unknown("of an entity that was parked before, perhaps", subject, lost=True)
        elif fails and not told.parks(subject, offset):
            self.unsure.setdefault(subject, {})[offset] = case
        elif failed and (fails or waits):
            several = {*failed, offset} if fails else failed.keys()
            perhaps = frozenset(several) if len(several) > 1 else frozenset()
            case.entity.parked = Parked(min(failed), self.unsure.pop(subject), perhaps=perhaps)
        elif repeats or fails or waits:
            return
        elif failed and case.is_control:
            raise Unknown("ends parking, of which nothing is told any more", subject, lost=True)
        else:
            self.unsure.pop(subject, None)
            self.decided.add(subject)
