"""A client that is closed while its broker hangs takes its time, and leaves no connection behind."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from fairlead.client import Client
from service.local.servers import Endpoints
from tests.chaos.broker import running_broker
from tests.running import apply_topics, settings_for

PREFIX = "hanging."
# Well below the 40 s after which aiokafka gives a request up by itself.
END_SECONDS = 15.0


def _connections(port: int) -> list[str]:
    found = psutil.Process().net_connections("tcp")
    return [one.status for one in found if one.raddr and one.raddr.port == port]


async def test_a_client_leaves_no_connection_to_a_broker_that_hangs(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
        await apply_topics(settings_for(Endpoints(broker.bootstrap_servers, nowhere), PREFIX))
        port = int(broker.bootstrap_servers.rpartition(":")[2])
        client = Client(bootstrap_servers=broker.bootstrap_servers, prefix=PREFIX)
        await client.__aenter__()
        # Readers and connections are there before it hangs.
        with pytest.raises(TimeoutError):
            await client.send_raw("ship", "depart_ship", str(uuid4()), {}, timeout=1.0)
        assert _connections(port)
        broker.signal(signal.SIGSTOP)
        asking = asyncio.create_task(client.send_raw("ship", "depart_ship", str(uuid4()), {}, timeout=1.0))
        with pytest.raises(TimeoutError):
            await asking
        async with asyncio.timeout(END_SECONDS):
            await client.__aexit__(None, None, None)
        assert [] == _connections(port)
