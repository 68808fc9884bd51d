"""How an owner that starts again comes to know its partition, and that it is the same each time."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from structlog.testing import capture_logs

from service import app
from service.audit.text import parse
from service.commands import floors
from service.commands.ports import Put, StoreBroken
from service.kafka import keeping, log_reader, progress, rehydration
from service.kafka.checkpoint import KEY
from service.kafka.local import Local
from service.local.child import until
from service.local.ports import free_port
from service.local.servers import Endpoints
from service.store import shelf
from service.store.rocks import RocksStore
from tests.checker import Report
from tests.checker.reader import read_logs
from tests.kafka.kept import assert_kept
from tests.kafka.pier import SECONDS, SOUND, SPOILT, Pier, said

BOTH = {SPOILT, SOUND}


@pytest.fixture
async def pier(servers: Endpoints, tmp_path: Path) -> Pier:
    return await Pier(servers, allow_import=False, state_dir=str(tmp_path / "state")).build()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generations of one event, and all that is known on disk after each batch."""
    monkeypatch.setattr(floors, "GENERATION_EVENTS", 1)
    monkeypatch.setattr(keeping, "_FLUSH_SECONDS", 0.0)


async def worked(pier: Pier) -> dict[int, str]:
    """How each partition was known at the start of a handler that then answered in both."""
    with capture_logs() as logs:
        async with pier.handling():
            for partition in BOTH:
                await said(logs, "acquired", partition=partition)
                await pier.goes_on(partition)
                await pier.told(partition, "dock_ship", port="Rio")
    return {line["partition"]: line["known_by"] for line in logs if line["event"] == "acquired"}


def all_by(how: str) -> dict[int, str]:
    return dict.fromkeys(BOTH, how)


async def sound(pier: Pier) -> Report:
    """Neither log nor disk is objected to."""
    report = await pier.report()
    assert report.ok, report.text()
    await asyncio.to_thread(assert_kept, pier.settings)
    return report


def needed(pier: Pier) -> dict[int, tuple[int, str]]:
    """By partition the floor of events, and of which fold it is."""
    found = {}
    for logs in read_logs(pier.bootstrap_servers, ["ship"], prefix=pier.settings.prefix, deadline=float("inf")):
        value = parse([one for one in logs.records["snapshots"] if one.key == KEY][-1].value or b"")
        found[logs.partition] = value["needed"]["events"], value["fold"]
    return found


def lose_disk(pier: Pier) -> None:
    shutil.rmtree(str(pier.settings.state_dir))


@pytest.mark.usefixtures("short")
async def test_with_its_disk_an_owner_reads_on_and_without_it_from_the_snapshots(pier: Pier) -> None:
    assert all_by("events") == await worked(pier)
    assert all_by("warm") == await worked(pier)
    await sound(pier)
    assert all(floor > 0 for floor, _ in needed(pier).values())
    lose_disk(pier)
    assert all_by("snapshots") == await worked(pier)
    report = await sound(pier)
    assert 2 <= report.counts["snapshots"]
    assert all_by("warm") == await worked(pier)
    await sound(pier)


@pytest.mark.usefixtures("short")
async def test_other_code_reads_all_events_and_then_its_own_floors_rise(
    pier: Pier, monkeypatch: pytest.MonkeyPatch
) -> None:
    await worked(pier)
    monkeypatch.setattr(app, "fingerprint", lambda _: "other")
    assert all_by("events") == await worked(pier)
    await worked(pier)
    await sound(pier)
    assert all(floor > 0 and fold == "other" for floor, fold in needed(pier).values())
    lose_disk(pier)
    assert all_by("snapshots") == await worked(pier)
    await sound(pier)


async def test_where_imports_are_allowed_the_ids_of_all_events_are_read(pier: Pier) -> None:
    await worked(pier)
    pier.settings = pier.settings.model_copy(update={"allow_import": True})
    assert all_by("events") == await worked(pier)
    assert all_by("warm") == await worked(pier)


async def test_in_another_life_of_the_machine_the_disk_is_not_believed(
    pier: Pier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await worked(pier)
    (tmp_path / "boot").write_text("another")
    monkeypatch.setattr(shelf, "_BOOT", tmp_path / "boot")
    assert all_by("snapshots") == await worked(pier)
    await sound(pier)


async def test_nor_is_it_once_the_topics_were_made_anew(pier: Pier) -> None:
    await worked(pier)
    await recreated(pier)
    assert all_by("events") == await worked(pier)
    await sound(pier)


async def test_nor_where_others_have_already_gone_further_in_them(pier: Pier) -> None:
    await worked(pier)
    await recreated(pier)
    kept = pier.settings
    pier.settings = kept.model_copy(update={"state_dir": None})
    for _ in range(2):
        await worked(pier)
    pier.settings = kept
    assert all_by("snapshots") == await worked(pier)
    await sound(pier)


async def test_where_replies_are_gone_too_early_the_events_tell_outcomes(pier: Pier) -> None:
    await worked(pier)
    await pier.remove("replies", SPOILT, 2)
    assert all_by("warm") == await worked(pier)
    lose_disk(pier)
    assert {SPOILT: "events", SOUND: "snapshots"} == await worked(pier)


async def test_a_disk_that_fails_in_mid_work_is_made_anew(pier: Pier, monkeypatch: pytest.MonkeyPatch) -> None:
    write, failures = RocksStore.write, [StoreBroken("the disk is full")]

    def failing(store: RocksStore, puts: Collection[Put], deletes: Collection[tuple[str, str]]) -> None:
        if failures:
            raise failures.pop()
        write(store, puts, deletes)

    with capture_logs() as logs:
        async with pier.handling():
            await said(logs, "acquired", partition=SPOILT)
            await pier.goes_on(SPOILT)
            await pier.goes_on(SOUND)
            monkeypatch.setattr(RocksStore, "write", failing)
            anew = await said(logs, "acquiring anew", why="store")
            await pier.goes_on(SPOILT)
            await pier.goes_on(SOUND)
    assert "the disk is full" in anew["reason"]
    await sound(pier)


async def test_how_far_a_rehydration_is_can_be_asked_while_other_partitions_answer(
    pier: Pier, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pier.handling():
        for _ in range(3):
            await pier.goes_on(SPOILT)
    monkeypatch.setattr(log_reader, "_RECORDS", 1)
    monkeypatch.setattr(progress, "_TOLD_SECONDS", 0.0)
    monkeypatch.setattr(rehydration, "FLUSHED", 0)
    flush, go_on = Local.flush, asyncio.Event()
    flushed = 0

    async def held_up(local: Local, *, finished: bool = True) -> None:
        nonlocal flushed
        store: Any = local._store  # noqa: SLF001  # whose it is
        await flush(local, finished=finished)
        if f"-{SPOILT}." in store._path.name:  # noqa: SLF001  # as above
            flushed += 1
            if flushed > 1:
                await go_on.wait()

    monkeypatch.setattr(Local, "flush", held_up)
    lose_disk(pier)
    pier.settings = pier.settings.model_copy(update={"health_port": free_port()})
    base = f"http://127.0.0.1:{pier.settings.health_port}"
    async with pier.handling(), AsyncClient(base_url=base) as http:
        assert await until(lambda: flushed > 1, SECONDS)
        await pier.goes_on(SOUND)
        parts = (await http.get("/readyz")).json()["parts"]
        [waiting] = [part for part in parts if not part["ready"] and f"[{SPOILT}]" in part["name"]]
        assert "acquiring" == waiting["state"]
        assert waiting["reason"].startswith("rehydrating: ")
        assert waiting["reason"].endswith(" s left")
        assert "/s, " in waiting["reason"]
        go_on.set()
        await pier.goes_on(SPOILT)
    await sound(pier)


async def recreated(pier: Pier) -> None:
    """All five topics are other ones."""
    for kind in ("commands", "events", "replies", "snapshots", "dead-letters"):
        await pier.recreate(kind)
