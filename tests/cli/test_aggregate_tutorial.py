"""What the tutorial says of a third aggregate is carried out as it stands there, in a copy of the tree."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from service.local.ports import free_port
from service.local.servers import Endpoints
from tests.cli.processes import tell_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "deploy" / "AGGREGATE.md").read_text()
FILES = re.findall(r"^`([^`\n]+)`\n\n```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
LAWS, TOPICS, WORDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
BUOY = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"
MODULES = {"fairlead": "service", "pytest": "pytest", "mypy": "mypy"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with the files that the tutorial shows."""
    copy = tmp_path_factory.mktemp("tutorial")
    for name in ("contracts", "service", "tests", "pyproject.toml"):
        source = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=ignored)
        else:
            shutil.copy(source, copy / name)
    assert 3 == len(FILES)
    for name, content in FILES:
        (copy / name).write_text(content)
    return copy


async def _run(tree: Path, line: str, **variables: str) -> str:
    """What a line of the tutorial prints; it has to end well."""
    program, *words = shlex.split(line)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", MODULES[program], *words),
        cwd=tree,
        env=_environment(tree, variables),
        stdout=PIPE,
        stderr=STDOUT if program != "fairlead" else None,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, f"{line}\n{printed.decode()}"
    return printed.decode()


def _environment(tree: Path, variables: dict[str, str]) -> dict[str, str]:
    # Before what the virtual environment says of the real tree.
    paths = f"{tree}{os.pathsep}{tree / 'contracts'}"
    return {**os.environ, "PYTHONPATH": paths, "FAIRLEAD_PREFIX": "tutorial.", **variables}


async def test_laws_types_and_contracts_hold_for_it(tree: Path) -> None:
    lines = LAWS.splitlines()
    assert "pytest -q tests/domain/test_laws.py" == lines.pop(0)
    told = await _run(tree, "pytest -q tests/domain/test_laws.py -k buoy")
    assert int(re.findall(r"(\d+) passed", told)[0]) >= 8
    assert "mypy" == lines.pop(0)
    await _run(tree, "mypy --cache-dir=/dev/null service/domain/buoy.py contracts/fairlead/buoy.py")
    for line in lines:
        await _run(tree, line)
    published = tree / "contracts" / "published"
    assert (published / "buoy.md").read_text().count("### `") == 10
    assert "buoy.commands" in (published / "asyncapi.yaml").read_text()
    assert (published / "schemas" / "buoy" / "BuoyLit.1.json").exists()


async def test_its_commands_are_handled_shown_and_exported(tree: Path, servers: Endpoints) -> None:
    port = free_port()
    tell_of(tree, servers, f"http://127.0.0.1:{port}")
    variables = {"FAIRLEAD_DIR": str(tree)}
    await _run(tree, f"{TOPICS.strip()} --partitions 4 --replication-factor 1", **variables)
    laid, lit, show, replay, export = WORDS.splitlines()
    async with (
        _role(tree, "handle", "buoy", **variables),
        _role(tree, "project", "journal", **variables),
        _role(tree, "api", **variables, FAIRLEAD_API_PORT=str(port)),
    ):
        for line in (laid, lit):
            assert "accepted" == json.loads(await _run(tree, line, **variables))["data"]["status"]
        state = json.loads(await _run(tree, show, **variables))
        events = json.loads(await _run(tree, replay, **variables))
        await _run(tree, export, **variables)
    assert {"id": BUOY, "version": 2, "place": "Fairway 7", "lit": True, "stale": False} == state
    assert ["BuoyLaid", "BuoyLit"] == [event["event_type"] for event in events]
    assert events == [json.loads(line) for line in (tree / "buoys.jsonl").read_text().splitlines()]


@asynccontextmanager
async def _role(tree: Path, *words: str, **variables: str) -> AsyncIterator[None]:
    """A role that runs meanwhile; what it is asked waits until it is ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", *words), cwd=tree, env=_environment(tree, variables)
    )
    try:
        yield
    finally:
        process.terminate()
        assert await process.wait() == 0
