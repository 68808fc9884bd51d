"""What several files of these tests look at, made once."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fairlead.testing import InMemoryClient
from service.commands import floors
from service.kafka import keeping
from tests.cli.forgotten import Place, forgotten


@pytest.fixture
async def memory_client() -> AsyncIterator[InMemoryClient]:
    """One that may be handed to several runs of a command."""
    async with InMemoryClient() as client:
        yield client


@pytest.fixture(scope="package")
async def place() -> AsyncIterator[Place]:
    """Where somebody was erased."""
    with tempfile.TemporaryDirectory(prefix="fairlead-tests-") as folder, pytest.MonkeyPatch.context() as patch:
        # So that the handler writes snapshots, and keeps all that it knows on its disk.
        patch.setattr(floors, "GENERATION_EVENTS", 1)
        patch.setattr(keeping, "_FLUSH_SECONDS", 0.0)
        async with forgotten(Path(folder)) as one:
            yield one
