"""What whoever supervises a role sees of it, asked over HTTP as a supervisor asks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress

import pytest
from httpx import AsyncClient, TransportError
from prometheus_client.parser import text_string_to_metric_families

from service.kafka.topics import Topics
from service.local.ports import free_port
from service.local.servers import Endpoints
from service.serving import open_role
from service.settings import Settings
from service.status import Part
from tests.kafka.supervised import PARTS, asking, fence, handling, open_transaction, ready_parts, readyz, the_missing
from tests.running import apply_topics, running_handler, running_projectors, settings_for
from tests.workload import generate, publish


async def test_a_handler_is_ready_while_it_owns_every_partition_and_else_says_which_is_missing(
    servers: Endpoints,
) -> None:
    settings = settings_for(servers, "health.", health_port=free_port())
    topics = Topics("ship", settings.prefix)
    await apply_topics(settings)
    async with asking(settings) as http, handling(settings):
        async with open_transaction(servers, topics.events, partition=1):
            answer = await readyz(http, lambda answer: len(ready_parts(answer)) == PARTS - 1)
            assert "[1]" in the_missing(answer)
            assert 200 == (await http.get("/healthz")).status_code
        _, told = await readyz(http, lambda answer: answer[0] == 200)
        assert ("ready", PARTS) == (told["status"], len(told["parts"]))

        async with open_transaction(servers, topics.events, partition=2):
            await fence(servers, topics.transactional_id(2))
            messages = generate(50, ships=20, users=1, seed=3, prefix=settings.prefix)
            await asyncio.to_thread(publish, servers.bootstrap_servers, messages)
            assert "[2]" in the_missing(await readyz(http, lambda answer: answer[0] == 503))
        await readyz(http, lambda answer: answer[0] == 200)


async def test_a_handler_that_loses_what_it_never_owned_becomes_ready_with_the_rest(servers: Endpoints) -> None:
    one = settings_for(servers, "health-shared.", health_port=free_port())
    other = one.model_copy(update={"health_port": free_port()})
    await apply_topics(one)
    async with asking(one) as http, handling(one):
        async with open_transaction(servers, Topics("ship", one.prefix).events, partition=1):
            await readyz(http, lambda answer: len(ready_parts(answer)) == PARTS - 1)
            async with asking(other) as second, handling(other):
                await readyz(second, lambda answer: bool(ready_parts(answer)))
        await readyz(http, lambda answer: answer[0] == 200)


async def test_projectors_answer_too_and_metrics_can_be_read(servers: Endpoints) -> None:
    settings = settings_for(servers, "health-projectors.", health_port=free_port())
    await apply_topics(settings)
    async with running_projectors(settings), asking(settings) as http:
        code, told = await readyz(http, lambda answer: answer[0] == 200)
        assert code == 200, told
        families = {family.name for family in text_string_to_metric_families((await http.get("/metrics")).text)}
        assert "python_info" in families


async def test_a_role_that_waits_for_postgresql_is_seen_to_be_alive_and_not_ready(servers: Endpoints) -> None:
    nowhere = f"postgresql://127.0.0.1:{free_port()}/none"
    settings = settings_for(servers, "health-waiting.", health_port=free_port(), database_url=nowhere)
    async with asking(settings) as http, handling(settings):
        assert (503, {"status": "not ready", "parts": []}) == await readyz(http, lambda _: True)
        assert 200 == (await http.get("/healthz")).status_code


@pytest.mark.parametrize("role", ["handler", "projectors"])
async def test_a_port_that_is_taken_is_told_by_the_names_of_its_settings(servers: Endpoints, role: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = settings_for(servers, f"health-taken-{role}.", health_port=taken.getsockname()[1])
        await apply_topics(settings)
        running = running_handler if role == "handler" else running_projectors
        with pytest.raises(Exception, match="FAIRLEAD_HEALTH_HOST or FAIRLEAD_HEALTH_PORT") as failure:
            async with running(settings):
                pass
    assert "(" not in str(failure.value)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
async def test_a_role_that_listens_on_all_addresses_of_ipv6_is_asked_by_those_of_ipv4_too() -> None:
    settings = Settings(health_host="::", health_port=free_port())
    async with open_role(settings), AsyncClient() as http:
        for host in ("[::1]", "127.0.0.1"):
            assert 200 == (await http.get(f"http://{host}:{settings.health_port}/healthz")).status_code


class Lingering:
    """Is ready at once, and drains until it is let go."""

    def __init__(self) -> None:
        self.draining = asyncio.Event()
        self.let_go = asyncio.Event()

    async def run(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.draining.set()
            await self.let_go.wait()

    async def ready(self) -> None:
        pass

    def status(self) -> Sequence[Part]:
        return [Part("all", "well", ready=True)]


async def test_who_asks_during_the_drain_is_answered_that_it_is_not_ready() -> None:
    settings, service = Settings(health_port=free_port()), Lingering()
    serving = asyncio.create_task(serve(settings, service))
    async with asking(settings) as http:
        await readyz(http, lambda answer: answer[0] == 200)
        serving.cancel()
        await service.draining.wait()
        for _ in range(50):  # a server that has been told to stop would be gone by then
            response = await http.get("/readyz")
            assert (503, "not ready") == (response.status_code, response.json()["status"])
            await asyncio.sleep(0.02)
        service.let_go.set()
        with suppress(asyncio.CancelledError):
            await serving
        with pytest.raises(TransportError):
            await http.get("/healthz")


async def serve(settings: Settings, service: Lingering) -> None:
    async with open_role(settings) as role:
        await role.run([service])
