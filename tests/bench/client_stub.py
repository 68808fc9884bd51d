"""Answers each command as accepted without judging it: beside it the client's own speed is seen."""

from __future__ import annotations

import argparse

from confluent_kafka import Message

from tests.bench.topics import consumer, producer, whole

_ID = b'"id":"'
_UUID = 36
_MOST = 10_000
_START = b'{"specversion":"1.0","id":"00000000-0000-8000-8000-000000000000","source":"/fairlead/ship",'
_MIDDLE = (
    b'"type":"CommandReply","subject":"%b","time":"2026-11-24T18:20:00.000Z","datacontenttype":"application/json",'
    b'"dataschema":"urn:fairlead:ship:CommandReply:1","causationid":"%b",'
    b'"commanddigest":"00000000000000000000000000000000",'
)
# As long as what the service says of a command that led to an event.
_END = (
    b'"data":{"status":"accepted","code":null,"message":null,"entity_version":3,"events":[{"id":'
    b'"00000000-0000-8000-8000-000000000000","type":"CargoLoaded","version":3}],"duplicate":false,'
    b'"retry_after_ms":null}}'
)


def main() -> None:
    """Answer until it is killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--prefix", required=True)
    given = parser.parse_args()
    replies = producer(given.bootstrap_servers, **{"linger.ms": 1, "queue.buffering.max.messages": 1_000_000})
    commands = consumer(given.bootstrap_servers)
    commands.assign(whole(f"{given.prefix}ship.commands"))
    while True:
        # What has come, without waiting for more.
        if (first := commands.poll(1.0)) is not None:
            for message in (first, *commands.consume(_MOST, 0)):
                if message.error() is None:
                    replies.produce(
                        f"{given.prefix}ship.replies", _reply(message), message.key(), message.partition() or 0
                    )
        replies.poll(0)


def _reply(command: Message) -> bytes:
    value, key = command.value() or b"", command.key()
    at = value.index(_ID) + len(_ID)
    return _START + _MIDDLE % (key, value[at : at + _UUID]) + _END


if __name__ == "__main__":
    main()
