"""The contracts on the command line: what is compared, how it ends, and what one does next."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from service.cli.command_line import main
from service.cli.contracts_released import released as in_commit
from service.cli.exits import Exit
from service.published import folder
from service.published.files import published
from service.published.verdicts import verdicts

ROOT = Path(__file__).parents[2]
PLACE = "contracts/published"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a released set."""
    folder.write(tmp_path / PLACE)
    for line in ("init -q", "add .", "-c user.name=A -c user.email=a@b commit -q -m released", "tag v1"):
        subprocess.run(f"git {line}".split(), cwd=tmp_path, check=True)  # noqa: S603  # ours
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def check(capfd: pytest.CaptureFixture[str], *more: str) -> tuple[int, list[dict[str, Any]], str]:
    code = main(["contracts", "check", *more])
    said = capfd.readouterr()
    return code, json.loads(said.out or "[]"), said.err


def test_what_was_not_changed_may_be_released(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for against in ((), ("--against", "v1"), ("--against", "HEAD"), ("--against", str(repository / PLACE))):
        code, rows, said = check(capfd, *against)
        assert (Exit.DONE, "") == (code, said)
        assert {"FULL"} == {row["verdict"] for row in rows}


def test_what_would_break_somebody_is_named_by_message_and_field(
    repository: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    change(repository / PLACE / "schemas/ship/CargoLoaded.1.event.json", '"port"', '"berth"')
    code, rows, said = check(capfd)
    [broken] = [row for row in rows if not row["ok"]]
    assert (Exit.FAILED, 1) == (code, said.count("\n"))
    assert said.startswith("fairlead: ship CargoLoaded would break what is in use: give it a new version")
    assert ("CargoLoaded", "BREAKING") == (broken["message"], broken["verdict"])
    assert "data.berth" in broken["because"][0]
    # The set that was committed is another one.
    assert Exit.DONE == check(capfd, "--against", "v1")[0]


def test_what_is_not_there_to_compare_with_is_told(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path_factory.mktemp("empty")
    for against in ("v2", str(empty), "--output=x"):
        code, rows, said = check(capfd, f"--against={against}")
        assert (Exit.NOT_FOUND, [], 1) == (code, rows, said.count("\n"))
        assert against in said or PLACE in said
    assert [] == [*repository.glob("x")]


def test_outside_of_a_repository_a_directory_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("write", "check"):
        assert Exit.NOT_FOUND == main(["contracts", command])
        assert f"{PLACE} is not here" in capfd.readouterr().err


def test_what_was_written_is_listed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert Exit.DONE == main(["contracts", "write", str(tmp_path)])
    assert [{"file": path} for path in published()] == json.loads(capfd.readouterr().out)
    assert Exit.DONE == main(["contracts", "write", str(tmp_path)])
    assert [] == json.loads(capfd.readouterr().out)
    (tmp_path / "samples/ship/CargoLoaded.1.json").write_bytes(b"{}")
    assert Exit.FAILED == main(["contracts", "write", str(tmp_path)])
    assert "\n" not in capfd.readouterr().err.strip()


def test_the_code_breaks_nothing_that_was_ever_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever changes the published files by hand, past `write`, is told here, as far as Git's history goes."""
    monkeypatch.chdir(ROOT)
    log = ["git", "log", "--format=%H", "--", f"{PLACE}/schemas", f"{PLACE}/samples"]
    listed = subprocess.run(log, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    if listed.returncode:
        pytest.skip("there is no history here")
    commits = listed.stdout.split()
    kept, current = folder.read(ROOT / PLACE), published()
    samples = {value for path, value in kept.items() if path.startswith("samples/")}
    for commit in commits:
        released = in_commit(commit, Path(PLACE))
        assert [] == [one for one in verdicts(released, current) if not one.ok], commit
        assert [] == [path for path, value in released.items() if path.startswith("samples/") and value not in samples]
