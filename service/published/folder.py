"""The published set on disk: schemas of what was released and samples are added to, and never changed into others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from service.domain import AGGREGATES, Aggregate
from service.published.files import SAMPLES, SCHEMAS, published
from service.published.verdicts import Files, verdicts


class Kept(Exception):
    """Something was released in another form; the message says what, and what to do."""


def read(directory: Path) -> dict[str, bytes]:
    """All files of a set by their path; raises NotADirectoryError where there is none."""
    if not (directory / SCHEMAS).is_dir():
        raise NotADirectoryError(directory)
    found = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in found}


def write(directory: Path, aggregates: Mapping[str, Aggregate] = AGGREGATES) -> list[str]:
    """Bring a set up to the code at hand; the paths of what was added or changed. Raises Kept, and writes nothing."""
    kept = read(directory) if (directory / SCHEMAS).is_dir() else {}
    files = published(aggregates)
    if problem := next(_problems(kept, files, aggregates), None):
        raise Kept(problem)
    changed = [path for path, value in files.items() if kept.get(path) != value]
    for path in changed:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(files[path])
    return changed


def drift(kept: Files, files: Files) -> list[str]:
    """How a set differs from what the code says, a line each; what was released earlier may stand beside it."""
    faults = [f"{path}: not what the code says" for path, value in files.items() if kept.get(path, value) != value]
    faults += [f"{path}: missing" for path in files if path not in kept]
    faults += [f"{path}: not made from the code" for path in kept if path not in files and not _is_kept(path)]
    return faults


def _is_kept(path: str) -> bool:
    return path.startswith((SAMPLES, SCHEMAS))


def _problems(kept: Files, files: Files, aggregates: Mapping[str, Aggregate]) -> Iterator[str]:
    for one in verdicts(kept, files, aggregates):
        if not one.ok:
            yield (
                f"{one.aggregate} {one.message} of version {one.version} is released, and the change is {one.verdict} "
                f"({'; '.join(one.because)}): give it a new version, as contracts/EVOLUTION.md has it, or take "
                "the change back"
            )
    for path, value in files.items():
        if path.startswith(SAMPLES) and kept.get(path, value) != value:
            name = path.rpartition("/")[2]
            first, dot, rest = name.rpartition(".")
            yield (
                f"{path} is kept for ever, and the code writes other bytes now: where both are meant, rename it to "
                f"{first}.before{dot}{rest} and write again, so that both are read by all later code"
            )
