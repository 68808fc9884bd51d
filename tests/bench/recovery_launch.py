"""Runs the service as another release would be, whose folds are others, or under a sampler of where its time goes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from service import app
from service.__main__ import main
from service.cli import workers
from service.cli.supervisor import Program

_EVERY_SECONDS = 0.002
_LINES = 25
_MOST = 0.85


def sample_until_ready(file: Path, ready_file: Path) -> None:
    """Look where the main thread is, by the CPU that the process is given, and write what was seen once it is ready.

    By a signal: a thread that looks would see it mostly where it lets others run.
    """
    lines, functions, seen = Counter[str](), Counter[str](), 0

    def look(_: int, frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1
        if frame is not None:
            lines[f"{_where(frame)}:{frame.f_lineno}"] += 1
            functions.update(_callers(frame))
        if ready_file.exists():
            signal.setitimer(signal.ITIMER_PROF, 0)
            file.write_text(
                f"by line\n{_top(lines, seen)}\n\nby function, with what it calls\n{_top(functions, seen)}\n"
            )

    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_SECONDS, _EVERY_SECONDS)


def fold_as(fold: str) -> None:
    """Have this process, and the workers that it starts, believe that this is the fingerprint of their code."""
    own = workers.program

    def program(*given: Any) -> Program:
        worker = own(*given)
        line = worker.line[worker.line.index("service") + 1 :]
        return replace(worker, line=[sys.executable, "-m", "tests.bench.recovery_launch", f"--fold={fold}", *line])

    vars(app)["fingerprint"] = lambda _: fold
    vars(workers)["program"] = program


def _callers(frame: FrameType | None) -> set[str]:
    found = set()
    while frame is not None:
        found.add(_where(frame))
        frame = frame.f_back
    return found


def _where(frame: FrameType) -> str:
    code = frame.f_code
    return f"{'/'.join(Path(code.co_filename).parts[-2:])} {code.co_qualname}"


def _top(counted: Counter[str], seen: int) -> str:
    # What calls nearly everything tells nothing.
    told = [(what, number) for what, number in counted.most_common() if number < _MOST * seen]
    return "\n".join(f"{100 * number / seen:5.1f} %  {what}" for what, number in told[:_LINES])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.recovery_launch", description=__doc__)
    parser.add_argument("--fold", help="in place of the code's own fingerprint")
    parser.add_argument("--profile", type=Path, help="where to write what the sampler saw")
    ours, sys.argv[1:] = parser.parse_known_args()
    if ours.fold:
        fold_as(ours.fold)
    if ours.profile:
        sample_until_ready(ours.profile, Path(os.environ["FAIRLEAD_READY_FILE"]))
    main()
