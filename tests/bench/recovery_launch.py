"""Runs the service as another release would be, whose folds are others, or under a sampler of where its time goes."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections import Counter
from pathlib import Path
from time import sleep
from types import FrameType

from service import app
from service.__main__ import main

_EVERY_SECONDS = 0.003
_LINES = 25
_MOST = 0.85


def sample_until_ready(file: Path, ready_file: Path) -> threading.Thread:
    """Have a thread look at what the main thread does until the role is ready, and write what it saw."""
    main_thread = threading.main_thread().ident or 0
    lines, functions = Counter[str](), Counter[str]()

    def look() -> None:
        seen = 0
        while not ready_file.exists():
            sleep(_EVERY_SECONDS)
            frame = sys._current_frames().get(main_thread)  # noqa: SLF001  # there is no public way to it
            seen += 1
            if frame is not None:
                lines[f"{_where(frame)}:{frame.f_lineno}"] += 1
                functions.update(_callers(frame))
        file.write_text(f"by line\n{_top(lines, seen)}\n\nby function, with what it calls\n{_top(functions, seen)}\n")

    thread = threading.Thread(target=look, name="sampler", daemon=True)
    thread.start()
    return thread


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
        vars(app)["fingerprint"] = lambda _: ours.fold  # in this process alone
    if ours.profile:
        sample_until_ready(ours.profile, Path(os.environ["FAIRLEAD_READY_FILE"]))
    main()
