"""A role is ended by its first signal, and nothing that comes behind it shortens what it does then."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress

import pytest

from service.cli.running import run

# A worker that is told to stop, and told again whenever what a signal does has just changed.
_DRAINING = """
import asyncio, os, signal

change, told = signal.signal, False

def changed(number, handler):
    before = change(number, handler)
    if told:
        os.kill(os.getpid(), number)
    return before

signal.signal = changed  # before the event loop's own module takes it
from service.cli.running import ignore, run_role

async def work():
    global told
    told = True
    os.kill(os.getpid(), signal.SIGINT)
    try:
        await asyncio.Event().wait()
    finally:
        told = False
        print("drained")

run_role(work(), again=ignore)
"""

# A role that a terminal hangs up on: it hears of it from the shell and from the system.
_HUNG_UP = """
import asyncio, os, signal
from service.cli.running import ignore, run_role

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also where all of this runs under nohup

async def work():
    os.kill(os.getpid(), signal.SIGHUP)
    try:
        await asyncio.Event().wait()
    finally:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        print("drained")

run_role(work(), again={})
"""
# One that is to go on whatever becomes of the terminal.
_NO_HANGUP = """
import asyncio, os, signal
from service.cli.running import run_role

signal.signal(signal.SIGHUP, signal.SIG_IGN)

async def work():
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.sleep(0)
    print("went on")

run_role(work())
"""
# A command that asks somebody after it has read what it asks about.
_ASKING = """
import asyncio, signal
from service.cli.running import run

signal.signal(signal.SIGINT, signal.default_int_handler)  # also where it was started by a shell's `&`
run(asyncio.sleep(0))
input("Go on?")
"""

# As a container's first process: interrupted, and again while it leaves in order.
_FIRST_INTERRUPTED = """
import asyncio, os, signal
from service.cli.running import run

async def work():
    os.kill(1, signal.SIGINT)
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        os.kill(1, signal.{})
        await asyncio.sleep(5)

run(work())
"""
# Likewise, and while it still imports what it is to run.
_FIRST_IMPORTING = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Importing(MetaPathFinder):
    def find_spec(self, name, *_):
        if name == "service.cli.command_line":
            os.kill(1, signal.{})

sys.meta_path.insert(0, Importing())
from service.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def first() -> list[str]:
    """What has a program run as a container does: as the first process of its own."""
    line = ["unshare", "--pid", "--fork", "--kill-child"]
    if not shutil.which("unshare") or subprocess.run([*line, "true"], check=False).returncode:  # noqa: S603  # as above
        pytest.skip("needs the right to make a PID namespace")
    return line


async def test_a_signal_that_comes_again_at_any_moment_does_not_end_a_worker_before_it_is_drained() -> None:
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", _DRAINING, stdout=PIPE, stderr=PIPE)
    assert (b"drained\n", b"") == await worker.communicate()


@pytest.mark.parametrize("again", ["None", "ignore", "lambda: os._exit(1)"])
async def test_a_role_is_drained_where_its_terminal_hangs_up(again: str) -> None:
    role = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _HUNG_UP.format(again)), stdout=PIPE, stderr=PIPE
    )
    assert (b"drained\n", b"") == await role.communicate()


async def test_a_hangup_that_is_to_be_ignored_is_ignored() -> None:
    role = await asyncio.create_subprocess_exec(sys.executable, "-c", _NO_HANGUP, stdout=PIPE, stderr=PIPE)
    assert (b"went on\n", b"") == await role.communicate()


def test_what_a_signal_does_is_what_it_did_before_once_work_has_ended() -> None:
    ending = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
    before = [signal.getsignal(signum) for signum in ending]
    run(asyncio.sleep(0))
    assert before == [signal.getsignal(signum) for signum in ending]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_question_can_be_left_by_a_signal(signum: signal.Signals) -> None:
    line = [sys.executable, "-c", _ASKING]
    with subprocess.Popen(  # noqa: S603  # our own program
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as asking:
        try:
            assert asking.stdout
            assert b"Go on?" == asking.stdout.read(6)
            # Again and again: one that comes ahead of the reading itself is heard of behind it.
            for _ in range(100):
                asking.send_signal(signum)
                with suppress(subprocess.TimeoutExpired):
                    asking.wait(0.1)
                    break
            assert -signum == asking.poll()
        finally:
            asking.kill()


@pytest.mark.parametrize("program", [_FIRST_INTERRUPTED, _FIRST_IMPORTING])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_containers_first_process_is_ended_at_once_as_any_other(
    first: list[str], program: str, signum: signal.Signals
) -> None:
    line = [*first, sys.executable, "-c", program.format(signum.name), "settings"]
    ended = subprocess.run(line, check=False, capture_output=True)  # noqa: S603  # our own program
    assert 128 + signum == ended.returncode, ended.stderr
