"""A role is ended by its first signal, and nothing that comes behind it shortens what it does then."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE

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


async def test_a_signal_that_comes_again_at_any_moment_does_not_end_a_worker_before_it_is_drained() -> None:
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", _DRAINING, stdout=PIPE, stderr=PIPE)
    assert (b"drained\n", b"") == await worker.communicate()
