"""The local stack, imported only where it is wanted: a container of the service does not have it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from service.cli.exits import Exit, Stop


def local_stack(directory: Path, say: Callable[[str], None]) -> AbstractAsyncContextManager[Any]:
    """The whole service on this directory, for as long as it is entered; raises Stop."""
    try:
        from service.local.up import up  # noqa: PLC0415  # see above
    except ModuleNotFoundError as error:
        message = (
            f"{error.name} is not installed: `pip install 'fairlead-service[local]'` brings what runs servers here"
        )
        raise Stop(Exit.FAILED, message) from error
    stack: AbstractAsyncContextManager[Any] = up(directory, say)
    return stack
