"""Where the logs begin to tell, and what therefore cannot be judged although its command is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.audit.entity import Case
from service.audit.parking import Parked
from service.audit.told import Told
from service.audit.unknown import Unknown

_WINDOW = 24 * 3600 * 1_000_000


@dataclass(slots=True)
class Horizon:
    """Commands are judged from the offset `first` on, at the time `began` in microseconds.

    `complete`: nothing was ever before that. Else `versions` has what each entity had come to by then: of others,
    nothing was decided since. `unsure` has, by entity and offset, what failed, and parked it or not.
    """

    told: Told
    complete: bool = True
    first: int = 0
    began: int = 0
    versions: Mapping[str, int] = field(default_factory=dict)
    unsure: dict[str, dict[int, Case]] = field(default_factory=dict)

    def before(self, entity_id: str, version: int) -> bool:
        """Whether an event was there before the first command that is judged."""
        return not self.complete and version <= self.versions.get(entity_id, version)

    def check(self, case: Case, reply_id: str, newest: int) -> None:
        """Raise Unknown where this command's outcome rests on what is gone."""
        known = case.entity.window.find(case.command["id"], case.now, newest)
        if case.entity.parked is None:
            self._check_parking(case, reply_id, known=known is not None)
        young = max(case.now, newest) - self.began < _WINDOW
        if known is None and young and reply_id in self.told.repeats:
            raise Unknown("repeats what was asked before, perhaps", case.subject, lost=case.by is not None)

    def _check_parking(self, case: Case, reply_id: str, *, known: bool) -> None:
        """What a record would have said that was compacted since, later answers tell, as far as they do."""
        subject, offset = case.subject, case.record.offset
        failed = self.unsure.get(subject)
        if not self.complete and not self.told.parks(subject, offset):
            if case.is_control or self.told.failure(reply_id) or self.told.waits(reply_id):
                raise Unknown("of an entity that was parked before, perhaps", subject, lost=True)
        elif self.told.failure(reply_id):
            if not self.told.parks(subject, offset):
                self.unsure.setdefault(subject, {})[offset] = case
        elif failed is None or known:
            # A repeat gets its answer whether its entity is parked or not.
            return
        elif self.told.waits(reply_id):
            case.entity.parked = Parked(min(failed), self.unsure.pop(subject))
        elif case.is_control:
            raise Unknown("ends parking, of which nothing is told any more", subject, lost=True)
        else:
            del self.unsure[subject]
