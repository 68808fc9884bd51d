"""The published files are what the code says: whoever changes one without the other is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from service.domain import AGGREGATES
from service.published import folder
from service.published.files import published
from tests.published.crane import CRANE

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "contracts" / "published"


def test_the_published_files_are_what_the_code_says() -> None:
    assert [] == folder.drift(folder.read(PUBLISHED), published()), "call `fairlead contracts write`"


def test_the_files_are_the_same_in_every_process() -> None:
    code = (
        "from hashlib import sha256; from service.published.files import published;"
        "print(sha256(repr(sorted(published().items())).encode()).hexdigest())"
    )
    line, said = [sys.executable, "-c", code], set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        said.add(subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, check=True).stdout)  # noqa: S603  # ours
    assert 1 == len(said)


def test_drift_is_told_by_file(tmp_path: Path) -> None:
    folder.write(tmp_path)
    (tmp_path / "ship.md").write_text("by hand")
    (tmp_path / "schemas" / "ship" / "CargoLoaded.1.json").unlink()
    (tmp_path / "notes.md").write_text("mine")
    assert [
        "ship.md: not what the code says",
        "schemas/ship/CargoLoaded.1.json: missing",
        "notes.md: not made from the code",
    ] == folder.drift(folder.read(tmp_path), published())
    assert {"ship.md", "schemas/ship/CargoLoaded.1.json"} == {*folder.write(tmp_path)}
    assert [] == folder.write(tmp_path)


def test_a_third_aggregate_appears_by_being_registered() -> None:
    files = published({**AGGREGATES, "crane": CRANE})
    new = {path for path in files.keys() - published().keys() if "dead-letter" not in path}
    assert {"crane.md", "schemas/crane/Erected.1.event.json", "samples/crane/erect.1.json"} <= new
    assert "| `already_up` | Crane {id} is up at {berth} |" in files["crane.md"].decode()
    assert "crane.commands:" in files["asyncapi.yaml"].decode()


def test_subscribers_are_told_what_to_pass_over_and_what_not() -> None:
    said = published()["asyncapi.yaml"].decode()
    for name in AGGREGATES:
        _, _, events = said.partition(f"{name}.events:\n")
        told = events.partition("description: ")[2].partition("\n")[0]
        assert "pass over a type that you do not know" in told
        assert "Compare dataschema: stop at a version that you do not know" in told


def test_what_is_the_handlers_alone_is_not_published() -> None:
    assert [] == [path for path, value in published().items() if b".snapshots" in value or "snapshot" in path]
