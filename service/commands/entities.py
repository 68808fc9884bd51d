"""What the owner of a partition knows of its entities: a bounded part in memory, in front of the store that has all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

from service.commands.changes import Changes
from service.commands.ports import Put, Store
from service.commands.stored import Entity, Remembered, States, unpack_outcome
from service.commands.window import KEPT_MICROS

# So many are encoded in one step: some milliseconds.
_STEP = 500

ENTITIES, PARKED, EVENT_IDS, META = "entities", "parked", "event_ids", "meta"
_OUTCOMES, _CHANGED = "outcomes.", "changed."


class Entities:
    """All entities of one partition; about `cached` of them stay in memory.

    `clock` is the latest broker time of a command in microseconds: it never goes back. `parked` has the offset of the
    command that failed. `unflushed` is what the store does not have yet.
    """

    def __init__(self, initial: Entity, states: States, store: Store, *, cached: int) -> None:
        self.initial = initial
        self.clock = 0
        self.parked = {id_: int(offset) for id_, offset in store.items(PARKED)}
        self.unflushed = Changes()
        self._states = states
        self.store = store
        self._half = cached // 2
        # What was not asked for while the younger half filled is let go with the older one.
        self._young: dict[str, Entity] = {}
        self._old: dict[str, Entity] = {}

    def entity(self, entity_id: str) -> Entity:
        """The entity, `initial` where nothing is known of it."""
        found = self._young.get(entity_id)
        if found is None:
            found = self.unflushed.entities.get(entity_id) or self._old.get(entity_id) or self._load(entity_id)
            self._young[entity_id] = found
        return found

    def bring(self, entity_ids: Iterable[str]) -> None:
        """Have these in memory, as many as there are, at a quarter of what it takes to ask for one after the other."""
        young, old, unflushed = self._young, self._old, self.unflushed.entities
        missing = [id_ for id_ in entity_ids if id_ not in young and id_ not in unflushed and id_ not in old]
        if missing:
            found = self.store.get_many(ENTITIES, missing)
            strangers = [id_ for id_, raw in zip(missing, found, strict=True) if raw is None]
            kept = dict(zip(missing, found, strict=True)) | dict(zip(strangers, self._windowed(strangers), strict=True))
            for id_, raw in kept.items():
                young[id_] = self.initial if raw is None else self._states.unpack(raw)

    def knows(self, entity_id: str) -> bool:
        """Whether anything was ever judged of it that may still count."""
        return self.entity(entity_id) is not self.initial

    @property
    def outcomes(self) -> int:
        """About how many outcomes are kept."""
        kept = [space for space in self.store.spaces() if space.startswith(_OUTCOMES)]
        return len(self.unflushed.outcomes) + sum(map(self.store.count, kept))

    def outcome(self, key: str) -> Remembered | None:
        """The outcome of this key; it may be too old to count."""
        raw = self.unflushed.outcomes.get(key) or self._windowed([key])[0]
        return None if raw is None else unpack_outcome(raw)

    def recalled(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Of these keys those that have an outcome, packed; it may be too old to count."""
        found = {key: raw for key, raw in zip(keys, self._windowed(keys), strict=True) if raw is not None}
        unflushed = self.unflushed.outcomes
        return found | {key: unflushed[key] for key in unflushed.keys() & keys}

    def event_id(self, key: str) -> str:
        """The id of the event of this key."""
        return self.unflushed.event_ids.get(key) or (self.store.get(EVENT_IDS, key) or b"").decode()

    def merge(self, changes: Changes) -> None:
        """Take it that all this is so."""
        self._young.update(changes.entities)
        if len(self._young) > self._half:
            self._old, self._young = self._young, {}
        self.unflushed.add(changes)
        for entity_id, offset in changes.parked.items():
            if offset is None:
                self.parked.pop(entity_id, None)
            else:
                self.parked[entity_id] = offset

    def changed(self, generation: int, after: str, count: int) -> list[str]:
        """So many of the entities that changed during a generation, behind one, as far as that is flushed."""
        return [entity_id for entity_id, _ in islice(self.store.items(f"{_CHANGED}{generation}", after), count)]

    def flush(self, meta: Mapping[str, bytes], generation: int) -> Iterator[Callable[[], None] | None]:
        """Have the store keep all, with `meta`, in many steps; what changed is of `generation`.

        The last one hands out the write, to be called before going on: it waits for a disk, so in a thread if others
        are not to wait for it too. Between the steps nothing may be merged.
        """
        changes, bucket = self.unflushed, self.clock // KEPT_MICROS
        outcomes = f"{_OUTCOMES}{bucket}"
        puts: list[Put] = []
        for number, (entity_id, entity) in enumerate(changes.entities.items()):
            # Of what never existed nothing but its outcomes is known: it is let go with them.
            space = ENTITIES if entity.version else outcomes
            puts.append((space, entity_id, self._states.pack(entity)))
            if number % _STEP == 0:
                yield None
        yield None
        changed = f"{_CHANGED}{generation}"
        puts += [(changed, entity_id, b"") for entity_id in changes.folded]
        puts += [(outcomes, key, raw) for key, raw in changes.outcomes.items()]
        puts += [(EVENT_IDS, key, id_.encode()) for key, id_ in changes.event_ids.items()]
        puts += [(PARKED, id_, str(offset).encode()) for id_, offset in changes.parked.items() if offset is not None]
        puts += [(META, key, raw) for key, raw in meta.items()]
        ended = [(PARKED, id_) for id_, offset in changes.parked.items() if offset is None]
        yield partial(self.store.write, puts, ended)
        self.unflushed = Changes()
        for space in self.store.spaces():
            if space.startswith(_OUTCOMES) and int(space.removeprefix(_OUTCOMES)) < bucket - 1:
                self.store.drop(space)

    def drop_changed(self, before: int) -> None:
        """Forget which entities changed in generations before this one."""
        for space in self.store.spaces():
            if space.startswith(_CHANGED) and int(space.removeprefix(_CHANGED)) < before:
                self.store.drop(space)

    def _load(self, entity_id: str) -> Entity:
        raw = self.store.get(ENTITIES, entity_id) or self._windowed([entity_id])[0]
        return self.initial if raw is None else self._states.unpack(raw)

    def _windowed(self, keys: Sequence[str]) -> list[bytes | None]:
        """What is kept for as long as outcomes: by the partition's clock alone, in two buckets at a time."""
        bucket = self.clock // KEPT_MICROS
        found = self.store.get_many(f"{_OUTCOMES}{bucket}", keys)
        before = self.store.get_many(f"{_OUTCOMES}{bucket - 1}", keys)
        return [late or early for late, early in zip(found, before, strict=True)]
