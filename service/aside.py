"""What blocks and hears of no signal is done in a thread, for which whoever is told to end does not wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future


async def aside(work: Callable[[], object]) -> None:
    """Have it done in a thread, which is left alone once this is cancelled, and ends with the process."""
    done = Future[None]()
    done.set_running_or_notify_cancel()

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # it is raised where it is waited for
            done.set_exception(error)
        else:
            done.set_result(None)

    threading.Thread(target=run, name="aside", daemon=True).start()
    await asyncio.wrap_future(done)
