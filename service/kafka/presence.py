"""Topics are asked for by name: a list of all leaves out those that may not be described, as if they were not there."""

from __future__ import annotations

from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAuthorizationFailedError, UnknownTopicOrPartitionError
from aiokafka.protocol.metadata import MetadataRequest


async def present(admin: AIOKafkaAdminClient, names: Iterable[str]) -> set[str]:
    """Those of these topics that are there; raises LookupError where the broker does not say it of each."""
    # By what aiokafka calls describing topics, a cluster may make those that are missing.
    asked = MetadataRequest([*names], allow_auto_topic_creation=False)
    answer = await admin._send_request(asked)  # noqa: SLF001  # as this says
    codes = {topic["topic"]: topic["error_code"] for topic in answer.to_object()["topics"]}
    if unsaid := sorted(name for name, code in codes.items() if code == TopicAuthorizationFailedError.errno):
        raise LookupError(f"{', '.join(unsaid)}: whether it is there is not told: who asks needs Describe on the topic")
    return {name for name, code in codes.items() if code != UnknownTopicOrPartitionError.errno}
