"""What contracts/README.md shows for each language is run as it stands there, but for names of topics."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from service.local.servers import Endpoints
from tests.programs import said_within
from tests.published.node import node_modules
from tests.published.test_drift import PUBLISHED, ROOT
from tests.running import apply_topics, running_handler, settings_for

PREFIX = "languages."
_SECONDS = 90.0
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
async def broker(servers: Endpoints) -> AsyncIterator[str]:
    """One whose service answers."""
    settings = settings_for(servers, PREFIX)
    await apply_topics(settings)
    async with running_handler(settings):
        yield servers.bootstrap_servers


def shown(language: str, place: int = 0) -> str:
    """A program of the README, for the topics of this test."""
    text = (ROOT / "contracts" / "README.md").read_text()
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)[place]
    return re.sub(r"\bship\.(commands|replies)", rf"{PREFIX}ship.\1", found)


async def run(line: Sequence[str | Path], folder: Path, **environment: str) -> str:
    """What a program prints; fails where it does."""
    child = await asyncio.create_subprocess_exec(
        *map(str, line), cwd=folder, env={**os.environ, **environment}, stdout=-1, stderr=-1
    )
    output, errors = await said_within(_SECONDS, child)
    assert child.returncode == 0, errors.decode() + output.decode()
    return output.decode()


def needed(*programs: str) -> list[str]:
    """Where these are; skips where one is not installed."""
    found = {program: shutil.which(program) for program in programs}
    if missing := [program for program, path in found.items() if path is None]:
        pytest.skip(f"{', '.join(missing)} not installed here")
    return [path for path in found.values() if path]


def assert_registered(said: str) -> None:
    ship, *outcome = said.split()
    assert ["accepted", "1"] == outcome
    assert str(UUID(ship)) == ship


async def test_python(broker: str, tmp_path: Path) -> None:
    program = shown("python").replace("localhost:9092", broker).replace("Client(", f'Client(prefix="{PREFIX}", ')
    first, second = (await run([sys.executable, "-c", program], tmp_path)).splitlines()
    assert "accepted None 1" == first
    assert second.startswith("1 name='Pacific Explorer' ")


@pytest.mark.skipif(sys.platform != "linux", reason="ids come from Linux")
async def test_kcat(broker: str, tmp_path: Path) -> None:
    bash, *_ = needed("bash", "kcat")
    said = await run([bash, "-c", shown("sh")], tmp_path, BROKER=broker)
    assert '"status":"accepted"' in said


@pytest.mark.skipif(sys.platform != "linux", reason="ids come from Linux, and a time ahead from its date")
async def test_kcat_where_its_clock_is_ahead_of_the_brokers(broker: str, tmp_path: Path) -> None:
    bash, *_ = needed("bash", "kcat")
    program = shown("sh").replace("$(date +%s)", "$(date -d '4 minutes' +%s)")
    assert program != shown("sh")
    assert '"status":"accepted"' in await run([bash, "-c", program], tmp_path, BROKER=broker)


async def test_java(broker: str, tmp_path: Path) -> None:
    javac, java = needed("javac", "java")
    jars = str(ROOT / ".venv" / "share" / "fairlead" / "kafka" / "*")
    (tmp_path / "HarbourDesk.java").write_text(shown("java"))
    await run([javac, "-cp", jars, "HarbourDesk.java"], tmp_path)
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
    said = await run([java, quiet, "-cp", os.pathsep.join([".", jars]), "HarbourDesk"], tmp_path, BROKER=broker)
    assert_registered(said)


async def test_typescript(broker: str) -> None:
    folder = node_modules("typescript", HERE / "typescript")
    node = needed("node")[0]
    bin_ = folder / "node_modules" / ".bin"
    await run([bin_ / "json2ts", "-i", f"{PUBLISHED}/schemas/ship/*.json", "-o", "types"], folder)
    (folder / "harbour.ts").write_text(shown("ts"))
    strict = ["--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck"]
    await run([bin_ / "tsc", *strict, "harbour.ts"], folder)
    assert_registered(await run([node, "harbour.js"], folder, BROKER=broker))
