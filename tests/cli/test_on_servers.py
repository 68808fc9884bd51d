"""The command line against a running service: what is written can be read, moved and asked after."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from pydantic import SecretStr

from service import app
from service.cli.event_files import compressed, form_of, read_values
from service.kafka.connection import connection
from service.kafka.ends import log_ends
from service.kafka.topics import Topics
from service.local.ports import free_port
from service.local.servers import Endpoints
from service.settings import Settings
from tests.cli.processes import Ended, begin, outcome_of, tell_of
from tests.running import settings_for

Run = Callable[..., Coroutine[Any, Any, Ended]]
PREFIX = "cli."


@pytest.fixture(scope="module")
async def fairlead(servers: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    """Run a command; its exit code, what it printed as JSON, and what it said."""
    port = free_port()
    settings = Settings(
        bootstrap_servers=servers.bootstrap_servers,
        database_url=SecretStr(servers.database_url),
        prefix=PREFIX,
        allow_import=True,
        show_personal_data=True,
        api_port=port,
    )
    await app.apply_topics(settings, partitions=4, replication=1)
    directory = tmp_path_factory.mktemp("stack")
    tell_of(directory, servers, f"http://127.0.0.1:{port}")

    async def run(*words: str) -> Ended:
        return await outcome_of(await begin({"FAIRLEAD_PREFIX": PREFIX}, *words, "--dir", str(directory)))

    roles = [
        asyncio.create_task(work)
        for work in (app.run_handler(settings, []), app.run_projectors(settings, []), app.run_api(settings))
    ]
    yield run
    for role in roles:
        role.cancel()
    ended = await asyncio.gather(*roles, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended


async def test_what_was_asked_is_shown_replayed_and_remembered(fairlead: Run) -> None:
    ship, command_id = str(uuid4()), str(uuid4())
    code, reply, _ = await fairlead("send", "register_ship", ship, "name=Pacific Explorer", "--id", command_id)
    assert (0, "accepted", 1) == (code, reply["data"]["status"], reply["data"]["entity_version"])
    code, state, _ = await fairlead("show", "ship", ship, "--min-version", "1", "--wait", "20")
    assert (0, "Pacific Explorer", "registered") == (code, state["name"], state["status"])
    code, events, _ = await fairlead("replay", "ship", ship, "--min-version", "1", "--wait", "20")
    assert (0, ["ShipRegistered"]) == (code, [event["event_type"] for event in events])
    code, outcomes, _ = await fairlead("outcome", command_id, "--wait", "20")
    assert (0, ["accepted"]) == (code, [outcome["status"] for outcome in outcomes])


@pytest.mark.parametrize(
    ("words", "code", "refused"),
    [
        (("dock_ship", "port=Rio"), 3, "not_found"),
        (("register_ship", "name=x", "--expected-version", "3"), 3, "version_conflict"),
        (("register_ship", "name="), 4, "invalid_command"),
        (("register_ship", "name=x", "--id", "odd"), 4, "invalid_command"),
        (("fly_ship", "--aggregate", "ship"), 4, "unknown_command"),
    ],
)
async def test_a_refusal_is_printed_and_has_its_code(
    fairlead: Run, words: tuple[str, ...], code: int, refused: str
) -> None:
    type_, *rest = words
    ended, reply, _ = await fairlead("send", type_, str(uuid4()), *rest)
    assert (code, refused) == (ended, reply["data"]["code"])


async def test_what_nobody_knows_is_not_found(fairlead: Run) -> None:
    stranger = str(uuid4())
    for words in (("show", "ship", stranger), ("replay", "ship", stranger), ("outcome", stranger)):
        code, _, told = await fairlead(*words)
        assert (7, 1) == (code, told.count("\n"))


@pytest.mark.parametrize("form", ["json", "jsonl.gz"])
async def test_an_export_is_imported_once_and_never_again(fairlead: Run, tmp_path: Path, form: str) -> None:
    rows = _rows(str(uuid4()), 2)
    file, back = tmp_path / f"old.{form}", tmp_path / f"back.{form}"
    _write(file, rows)
    code, told, _ = await fairlead("import", "ship", str(file), "--dry-run")
    assert (0, {"entities": 1, "events": 2, "faults": 0}) == (code, told)
    for imported in (2, 0):
        code, told, _ = await fairlead("import", "ship", str(file))
        assert (0, imported, 2 - imported) == (code, told["imported"], told["already_there"])
    assert (await fairlead("export", "ship", str(back)))[0] == 0
    assert rows == [row for _, row in read_values(back, lambda _: None) if row["entity_id"] == rows[0]["entity_id"]]


async def test_an_export_into_a_pipe_is_one_document(fairlead: Run) -> None:
    ship = str(uuid4())
    await fairlead("send", "register_ship", ship, "name=Piped")
    await fairlead("replay", "ship", ship, "--min-version", "1", "--wait", "20")
    code, rows, told = await fairlead("export", "ship", "/dev/stdout")
    assert (0, ["ShipRegistered"]) == (code, [row["event_type"] for row in rows if row["entity_id"] == ship])
    assert told == f"Events: {len(rows):,}\n"


async def test_an_import_that_was_interrupted_goes_on_where_it_was(
    fairlead: Run, servers: Endpoints, tmp_path: Path
) -> None:
    # Chunks of one history follow each other: there are twenty of each, and the first is not the last.
    ships = [str(uuid4()) for _ in range(2)]
    file = tmp_path / "long.jsonl"
    _write(file, [row for ship in ships for row in _rows(ship, 10_000)])
    settings = settings_for(servers, PREFIX)

    async def written() -> int:
        topics = Topics("ship", PREFIX)
        return sum((await log_ends(connection(settings), topics, topics.events)).values())

    before = await written()
    words = ("import", "ship", str(file), "--bootstrap-servers", servers.bootstrap_servers)
    process = await begin({"FAIRLEAD_PREFIX": PREFIX}, *words)
    while await written() == before:
        assert process.returncode is None
    process.send_signal(signal.SIGINT)
    code, _, told = await outcome_of(process)
    assert (130, "fairlead: Interrupted\n") == (code, told)
    code, found, _ = await fairlead("import", "ship", str(file))
    assert (0, 2, 20_000) == (code, found["entities"], found["events"])
    assert 0 < found["imported"] < 20_000
    assert 20_000 == found["imported"] + found["already_there"]


def _rows(ship: str, events: int) -> list[dict[str, Any]]:
    """The first of them registers it."""
    return [
        {
            "event_id": str(uuid4()),
            "timestamp": f"2024-03-01T{second // 3_600:02}:{second // 60 % 60:02}:{second % 60:02}+00:00",
            "event_type": "ShipDocked" if second else "ShipRegistered",
            "entity_id": ship,
            "data": {"port": "Rio"} if second else {"name": "Old"},
        }
        for second in range(events)
    ]


def _write(file: Path, rows: list[dict[str, Any]]) -> None:
    form = form_of(file)
    with file.open("wb") as target, compressed(file, target) as sink:
        sink.write(form.begin + form.between.join(map(orjson.dumps, rows)) + form.end)


async def test_a_history_that_differs_is_a_conflict(fairlead: Run, tmp_path: Path) -> None:
    ship = str(uuid4())
    await fairlead("send", "register_ship", ship, "name=x")
    row = {"event_id": str(uuid4()), "timestamp": "2024-03-01", "event_type": "ShipRegistered", "entity_id": ship}
    file = tmp_path / "other.json"
    file.write_text(json.dumps([row | {"data": {"name": "x"}}]))
    code, _, told = await fairlead("import", "ship", str(file))
    assert code == 3
    assert ship in told


async def test_a_file_with_a_fault_changes_nothing(fairlead: Run, tmp_path: Path) -> None:
    ships = [str(uuid4()) for _ in range(2)]
    rows = [
        {
            "event_id": str(uuid4()),
            "timestamp": "2024-03-01",
            "event_type": "ShipRegistered",
            "entity_id": ship,
            "data": data,
        }
        for ship, data in zip(ships, ({"name": "good"}, {"name": 7}), strict=True)
    ]
    file = tmp_path / "faulty.json"
    file.write_text(json.dumps(rows))
    code, _, told = await fairlead("import", "ship", str(file))
    assert (4, True) == (code, "Row 2: data.name" in told)
    assert (await fairlead("show", "ship", ships[0]))[0] == 7


async def test_a_user_is_replayed_as_the_notebook_does(fairlead: Run) -> None:
    user = str(uuid4())
    await fairlead("send", "create_user", user, "username=test_user", "balance=100")
    code, events, _ = await fairlead(
        "replay", "user", user, "--format", "notebook", "--min-version", "1", "--wait", "20"
    )
    created_at = events[0].pop("created_at")
    expected = {
        "event": {"username": "test_user", "balance": 100},
        "event_type": "UserCreatedEvent",
        "event_id": user,
    }
    assert (0, [expected]) == (code, events)
    assert created_at.endswith("+00:00")
    assert (0, None) == (await fairlead("replay", "user", user, "--until", "2020-01-01"))[:2]


async def test_a_deleted_user_is_gone(fairlead: Run) -> None:
    user = str(uuid4())
    await fairlead("send", "create_user", user, "username=x", "balance=0")
    await fairlead("send", "delete_user", user)
    code, _, told = await fairlead("show", "user", user, "--min-version", "2", "--wait", "20")
    assert (7, f"fairlead: User with ID {user} was deleted\n") == (code, told)


async def test_questions_about_many_are_answered_page_by_page(fairlead: Run) -> None:
    port = f"Port {uuid4()}"
    ships = sorted(str(uuid4()) for _ in range(3))
    for ship in ships:
        asked = (("register_ship", "name=Questioned"), ("dock_ship", f"port={port}"), ("load_cargo", "item=tea"))
        for version, (command, field) in enumerate(asked, 1):
            more = ["quantity=7"] if command == "load_cargo" else []
            code, reply, told = await fairlead("send", command, ship, field, *more, "--timeout", "60")
            assert (0, version) == (code, reply and reply["data"]["entity_version"]), told
        await fairlead("show", "ship", ship, "--min-version", "3", "--wait", "20")
        await fairlead("replay", "ship", ship, "--min-version", "3", "--wait", "20")
    _, first, _ = await fairlead("ships", "--port", port, "--item", "tea", "--limit", "2")
    _, rest, _ = await fairlead("ships", "--port", port, "--cursor", first["next"])
    assert (ships, None) == ([ship["id"] for ship in first["items"] + rest["items"]], rest["next"])
    _, then, _ = await fairlead("ships", "--at", "2020-01-01")
    assert [] == then["items"]

    _, totals, _ = await fairlead("totals")
    assert totals["cargo"]["tea"] >= 21
    code, _, told = await fairlead("throughput", "Atlantis")
    assert (7, "fairlead: No ship has docked at Atlantis\n") == (code, told)


async def test_a_statement_says_what_an_account_came_to(fairlead: Run) -> None:
    user = str(uuid4())
    await fairlead("send", "create_user", user, "username=x", "balance=100")
    await fairlead("send", "change_balance", user, "balance_change=-40")
    await fairlead("replay", "user", user, "--min-version", "2", "--wait", "20")
    code, page, _ = await fairlead("statement", user, "--after", "1")
    lines = [(line["version"], line["change"], line["balance"]) for line in page["items"]]
    assert (0, 100, [(2, -40, 60)]) == (code, page["balance_before"], lines)
