"""A release replaces another and gives way to it again, under load, as deploy/README.md says."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tarfile
from io import BytesIO

import pytest

from tests.chaos.publisher import publishing
from tests.checker import check
from tests.containers.compose import ROOT, Stack
from tests.engine import build, docker, run

pytestmark = pytest.mark.containers

EARLIER = "fairlead:earlier"
HANDLERS = 3
# All that the image is made of, but for how it is made.
_SOURCE = ("service", "contracts", "pyproject.toml", "README.md", "deploy/locks/service.txt")
_MADE_BY = ("deploy/Dockerfile", "deploy/healthcheck.py", "deploy/locks/build.txt")


@pytest.fixture(scope="session")
def earlier(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image of what EARLIER_RELEASE names, else of what there was before the service was last changed."""
    folder = tmp_path_factory.mktemp("earlier")
    release = os.environ.get("EARLIER_RELEASE") or _before_the_last_change()
    git = ("git", "-C", str(ROOT), "archive", release, *_SOURCE)
    archive = subprocess.run(git, capture_output=True, check=True).stdout  # noqa: S603  # git, on this folder
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    for name in _MADE_BY:
        shutil.copy(ROOT / name, folder / name)
    build(folder, EARLIER, images["PYTHON_IMAGE"])
    return EARLIER


def _before_the_last_change() -> str:
    try:
        changed = run("git", "-C", str(ROOT), "log", "-1", "--format=%H", "--", "service", "contracts/fairlead")
        return run("git", "-C", str(ROOT), "rev-parse", f"{changed}~1")
    except (AssertionError, FileNotFoundError):
        pytest.skip("git knows no earlier release here: name one by EARLIER_RELEASE")


async def test_a_release_replaces_another_and_gives_way_again_under_load(
    stack: Stack, image: str, earlier: str, figures: list[str]
) -> None:
    await asyncio.to_thread(_readers, stack, earlier)
    await asyncio.to_thread(_handlers, stack, earlier)
    with publishing(stack.endpoints.bootstrap_servers, "") as publisher:
        await asyncio.to_thread(_readers, stack, image)
        await asyncio.to_thread(_handlers, stack, image)
        middle = publisher.delivered
        await asyncio.to_thread(_handlers, stack, earlier)
        await asyncio.to_thread(_readers, stack, earlier)
        await asyncio.to_thread(publisher.finish)
    servers = stack.endpoints
    report = await asyncio.to_thread(check, servers.bootstrap_servers, servers.database_url, allow_import=False)
    figures.append(f"a release there and back under load: {publisher.delivered} commands judged")

    assert report.ok, report.text()
    assert 0 < middle < publisher.delivered
    assert _images(stack) == {docker("image", "inspect", "--format", "{{.Id}}", earlier)}


def _readers(stack: Stack, image: str) -> None:
    """Behind the topics of that release, without which they would not start."""
    stack.compose("run", "--rm", "--no-deps", "-T", "topics", FAIRLEAD_IMAGE=image)
    stack.up("--no-deps", "projectors", "api", FAIRLEAD_IMAGE=image)


def _handlers(stack: Stack, image: str) -> None:
    """One after the other, each ready before the next."""
    stack.up("--no-deps", "--no-recreate", "--scale", f"handler={HANDLERS}", "handler", FAIRLEAD_IMAGE=image)
    for container in stack.containers("handler"):
        docker("stop", container)
        docker("rm", "--volumes", container)
        stack.up("--no-deps", "--no-recreate", "--scale", f"handler={HANDLERS}", "handler", FAIRLEAD_IMAGE=image)


def _images(stack: Stack) -> set[str]:
    roles = [one for name in ("handler", "projectors", "api") for one in stack.containers(name)]
    return {docker("inspect", "--format", "{{.Image}}", one) for one in roles}
