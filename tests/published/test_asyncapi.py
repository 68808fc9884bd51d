"""The document is AsyncAPI to those who made that, and says of the topics what the service makes them."""

from __future__ import annotations

import inspect
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from service.cli import topics
from service.domain import AGGREGATES
from service.kafka.topic_making import PARTITIONS
from service.kafka.topics import CONFIGS, KINDS
from service.published.asyncapi import document
from service.published.files import published
from service.published.schemas import messages
from tests.published.node import node_modules
from tests.published.test_drift import PUBLISHED

HERE = Path(__file__).parent

DAMAGE = {
    "operations.ship.decide.action": ('action: "receive"', 'action: "take"'),
    "channels.ship.commands.bindings.kafka": ("retention.ms: 604800000", 'retention.ms: "week"'),
    "components.messages.ship.register_ship.payload.$ref": ("register_ship.1.command.json", "nothing.json"),
    "operations.ship.decide.reply.channel.$ref": ("#/channels/ship.replies", "#/channels/ship.answers"),
}


@pytest.fixture(scope="module")
def parser() -> Path:
    """Where AsyncAPI's own parser is; each file of it is checked by its hash."""
    return node_modules("asyncapi", HERE)


@pytest.fixture(scope="module")
def faults(parser: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Where the parser finds fault with the document, and with each that was damaged; one start of Node takes long."""
    folder = tmp_path_factory.mktemp("damaged")
    shutil.copytree(PUBLISHED, folder, dirs_exist_ok=True)
    text = (folder / "asyncapi.yaml").read_text()
    documents = {"whole": folder / "asyncapi.yaml"}
    for path, (old, new) in DAMAGE.items():
        assert old in text
        documents[path] = folder / f"{path.replace('$', '')}.yaml"
        documents[path].write_text(text.replace(old, new))
    line = ["node", str(HERE / "validate.mjs"), str(parser), *map(str, documents.values())]
    said = subprocess.run(line, check=True, capture_output=True, text=True).stdout  # noqa: S603  # ours
    # That there is a newer version of AsyncAPI is no fault.
    found = [fault for fault in map(json.loads, said.splitlines()) if "latest version" not in fault["message"]]
    return {
        name: {fault["path"] for fault in found if fault["document"] == str(document)}
        for name, document in documents.items()
    }


def test_it_is_asyncapi(faults: dict[str, set[str]]) -> None:
    assert set() == faults["whole"]


@pytest.mark.parametrize("path", DAMAGE)
def test_what_is_no_asyncapi_is_told(faults: dict[str, set[str]], path: str) -> None:
    assert path in faults[path]


def told() -> Any:
    return document(AGGREGATES, {name: [*messages(one)] for name, one in AGGREGATES.items()}, published())


def test_every_topic_but_the_snapshots_is_told_with_its_settings() -> None:
    channels = told()["channels"]
    assert {f"{name}.{kind}" for name in AGGREGATES for kind in KINDS if kind != "snapshots"} == channels.keys()
    for channel in channels.values():
        kafka = channel["bindings"]["kafka"]
        assert channel["address"] == kafka["topic"]
        said = {
            name: ",".join(value) if isinstance(value, list) else str(value)
            for name, value in kafka["topicConfiguration"].items()
        }
        assert CONFIGS[channel["address"].split(".")[1]] == said


def test_partitions_and_replicas_are_those_that_are_made() -> None:
    wanted = PARTITIONS, inspect.signature(topics.apply).parameters["replication_factor"].default
    kafka = [channel["bindings"]["kafka"] for channel in told()["channels"].values()]
    assert {wanted} == {(one["partitions"], one["replicas"]) for one in kafka}


def test_every_example_is_as_its_schema_says() -> None:
    found = 0
    for message in told()["components"]["messages"].values():
        for example in message.get("examples", ()):
            schema = json.loads((PUBLISHED / message["payload"]["$ref"]).read_text())
            Draft202012Validator(schema).validate(example["payload"])
            found += 1
    assert found == sum(path.startswith("samples/") and "dead-letter" not in path for path in published())


def test_a_command_is_answered_on_the_replies() -> None:
    for name in AGGREGATES:
        decide = told()["operations"][f"{name}.decide"]
        assert ("receive", f"#/channels/{name}.replies") == (decide["action"], decide["reply"]["channel"]["$ref"])
