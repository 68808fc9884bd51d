"""What a handler that has stopped left on its disk, against the checker's own fold of the log."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson

from service.audit.model import Judge
from service.audit.records import Json, PartitionLogs
from service.audit.states import tagged
from service.settings import Settings
from service.store.shelf import RocksShelf
from tests.checker.reader import read_logs
from tests.checker.steps import Step, steps_of
from tests.checker.told import told_by

_SECONDS = 30.0
_ID = 36


def assert_kept(settings: Settings) -> None:
    """Every ship, and every outcome that a repeat would find, as it has to be, and no other."""
    deadline = time.monotonic() + _SECONDS
    for logs in read_logs(settings.bootstrap_servers, ["ship"], prefix=settings.prefix, deadline=deadline):
        assert settings.state_dir
        store = RocksShelf(Path(settings.state_dir)).open(f"{logs.topic('events')}-{logs.partition}")
        entities = {key: orjson.loads(raw) for key, raw in store.items("entities")}
        buckets = [space for space in store.spaces() if space.startswith("outcomes.")]
        outcomes = {key: orjson.loads(raw) for space in buckets for key, raw in store.items(space)}
        store.close()
        assert _entities(logs) == {key: entity[:3] for key, entity in entities.items()}
        found = {key: outcome[:4] for key, outcome in outcomes.items() if len(key) > _ID}
        assert _outcomes(logs, settings) == found


def _entities(logs: PartitionLogs) -> dict[str, list[Any]]:
    steps: dict[str, list[Step]] = defaultdict(list)
    for step in steps_of(logs):
        steps[step.entity_id].append(step)
    return {id_: [tagged("ship", own[-1].state), len(own), own[-1].time] for id_, own in steps.items()}


def _outcomes(logs: PartitionLogs, settings: Settings) -> dict[str, list[Any]]:
    judge = Judge(logs, allow_import=settings.allow_import, told=told_by(logs))
    for record in logs.records["commands"]:
        judge.judge(record)
    return {
        f"{id_}{command_id}": _told(known.answer)
        for id_, entity in judge.entities.items()
        for command_id, known in entity.window._known.items()  # noqa: SLF001  # those of a test are all young
    }


def _told(answer: Json) -> list[Any]:
    return [answer[name] for name in ("status", "code", "message", "entity_version")]
