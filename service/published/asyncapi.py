"""The topics and what travels on them, in the format that the tools of other teams read."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import orjson
from pydantic import TypeAdapter

from fairlead.bounds import MAX_VALUE_BYTES
from service.domain import Aggregate
from service.kafka.topic_making import PARTITIONS
from service.kafka.topics import CONFIGS, Topics
from service.published.schemas import Published

REPLICAS = 3
_BINDING = "0.5.0"
_JSON = "application/cloudevents+json"
_ABOUT = (
    "Commands in, events and replies out. contracts/README.md tells what no schema can: the order of checks, what a "
    "repeat is answered, what happens when a command fails. Where a prefix is set it stands before the name of every "
    "topic. The snapshots are the service's own, and not told of here."
)
_TELLS = {
    "commands": "What is asked. The partition is Kafka's murmur2 of the key: clients on librdkafka must set "
    f"partitioner=murmur2_random. At most {MAX_VALUE_BYTES} bytes.",
    "events": "What has happened, kept for ever. Read with isolation.level=read_committed; "
    "pass over a type that you do not know. Compare dataschema: stop at a version that you do not know, and do not "
    "pass over it, since its type is one that you follow.",
    "replies": "What became of each command, on the partition of the command. Read with "
    "isolation.level=read_committed; the reply's causationid is the command's id.",
    "dead-letters": "What could not be handled, as it was received, with why and whence in headers. "
    "Anyone may read it, and send a command again.",
}
_TRACE = {
    "traceparent": {"type": "string", "description": "W3C trace context, passed on as it came."},
    "tracestate": {"type": "string", "description": "W3C trace context, passed on as it came."},
}
_LETTER = ("code", "reason", "topic", "partition", "offset", "timestamp")
_LETTER_AT_TIMES = ("traceback", "redrives")

Messages = Mapping[str, list[Published]]


def document(aggregates: Mapping[str, Aggregate], messages: Messages, samples: Mapping[str, bytes]) -> dict[str, Any]:
    """The whole document; `samples` by their path, from which the examples are."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    shown: dict[str, Any] = {}
    for name, aggregate in aggregates.items():
        kinds = {"commands": "command", "events": "event", "replies": "reply"}
        of = {topic: [one for one in messages[name] if one.kind == kind] for topic, kind in kinds.items()}
        for ones in of.values():
            shown |= {f"{name}.{one.name}": _message(aggregate, one, samples) for one in ones}
        shown[f"{name}.dead-letter"] = _dead_letter(aggregate)
        listed = {topic: [one.name for one in ones] for topic, ones in of.items()} | {"dead-letters": ["dead-letter"]}
        channels |= {f"{name}.{topic}": _channel(name, topic, ones) for topic, ones in listed.items()}
        operations |= _operations(name, listed)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Fairlead", "version": version("fairlead"), "description": _ABOUT},
        "defaultContentType": _JSON,
        "channels": channels,
        "operations": operations,
        "components": {"messages": shown},
    }


def _channel(aggregate: str, topic: str, names: list[str]) -> dict[str, Any]:
    address = Topics(aggregate).name(topic)
    return {
        "address": address,
        "description": _TELLS[topic],
        "messages": {name: {"$ref": f"#/components/messages/{aggregate}.{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": address,
                "partitions": PARTITIONS,
                "replicas": REPLICAS,
                "topicConfiguration": {name: _setting(name, value) for name, value in CONFIGS[topic].items()},
                "bindingVersion": _BINDING,
            }
        },
    }


def _setting(name: str, value: str) -> Any:
    if name == "cleanup.policy":
        return value.split(",")
    return int(value) if value.lstrip("-").isdigit() else value


def _operations(aggregate: str, listed: Mapping[str, list[str]]) -> dict[str, Any]:
    def at(topic: str) -> dict[str, Any]:
        channel = {"$ref": f"#/channels/{aggregate}.{topic}"}
        return {
            "channel": channel,
            "messages": [{"$ref": f"{channel['$ref']}/messages/{one}"} for one in listed[topic]],
        }

    return {
        f"{aggregate}.decide": {
            "action": "receive",
            **at("commands"),
            "summary": f"Decides each command of a {aggregate} once, and says what became of it.",
            "reply": at("replies"),
        },
        f"{aggregate}.tell": {
            "action": "send",
            **at("events"),
            "summary": f"Tells what has happened to a {aggregate}.",
        },
        f"{aggregate}.put-aside": {
            "action": "send",
            **at("dead-letters"),
            "summary": "Keeps what could not be handled.",
        },
    }


def _message(aggregate: Aggregate, one: Published, samples: Mapping[str, bytes]) -> dict[str, Any]:
    place = f"{aggregate.name}/{one.name}.{one.version}"
    variants = {
        path.removeprefix(f"samples/{place}").removesuffix(".json").lstrip(".") or "whole": value
        for path, value in samples.items()
        if path.startswith(f"samples/{place}.")
    }
    return {
        "name": one.name,
        "title": one.name,
        "summary": one.data.get("description", one.name),
        "contentType": _JSON,
        "correlationId": {"location": f"$message.payload#/{'id' if one.kind == 'command' else 'causationid'}"},
        "headers": {"type": "object", "properties": {"content-type": {"const": _JSON}, **_TRACE}},
        "payload": {"$ref": f"./schemas/{place}.{one.kind}.json"},
        "bindings": {"kafka": _key(aggregate, one)},
        "examples": [{"name": variant, "payload": orjson.loads(value)} for variant, value in variants.items()],
    }


def _key(aggregate: Aggregate, one: Published) -> dict[str, Any]:
    entity_id = TypeAdapter(aggregate.entity_id).json_schema()
    said = "The entity, the same as subject."
    if one.kind == "reply":
        entity_id, said = {"type": "string"}, "The command's key, or its subject where it had none."
    return {"key": {**entity_id, "description": said}, "bindingVersion": _BINDING}


def _dead_letter(aggregate: Aggregate) -> dict[str, Any]:
    said = {f"fairlead-{name}": {"type": "string"} for name in (*_LETTER, *_LETTER_AT_TIMES)}
    return {
        "name": "dead-letter",
        "title": f"What was sent to {Topics(aggregate.name).commands} and could not be handled",
        "summary": "Key, value and headers as they were received, whatever they were, and headers that say why.",
        "contentType": "application/octet-stream",
        "headers": {"type": "object", "properties": said, "required": [f"fairlead-{name}" for name in _LETTER]},
        "bindings": {
            "kafka": {"key": {"type": "string", "description": "As it was received."}, "bindingVersion": _BINDING}
        },
    }
