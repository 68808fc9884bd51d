"""What a cluster may be told that would lose what it has acknowledged, or stand still when one broker is away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiokafka.admin.config_resource import ConfigResourceType

from service.kafka.topics import KINDS, Topics, administrator, configs

_COPIES = 3
_IN_SYNC = 2
_WHOSE_TIME = "message.timestamp.type"
_FORGETS = "after a day's backlog a new owner would take repeats for new"
# The coordinators' own topics are made by the brokers when they are first needed, as these say.
_OWN_TOPICS = (
    ("transaction.state.log.replication.factor", _COPIES),
    ("transaction.state.log.min.isr", _IN_SYNC),
    ("offsets.topic.replication.factor", _COPIES),
)


async def unsafe_topics(connection: Mapping[str, Any], topics: Topics) -> list[str]:
    """What is unsafe in an aggregate's topics, a line each; of topics that are missing, nothing."""
    async with administrator(connection) as admin:
        present = set(await admin.list_topics())
        names = [name for kind in KINDS if (name := topics.name(kind)) in present]
        if not names:
            return []
        copies = {
            one["topic"]: min(len(partition["replicas"]) for partition in one["partitions"])
            for one in await admin.describe_topics(names)
        }
        said = await configs(admin, names)
    faults = [fault for name in names for fault in _faults(name, copies[name], said[name])]
    stamped = (name for name in names if name != topics.commands and said[name].get(_WHOSE_TIME) == "LogAppendTime")
    return faults + [f"{name}: {_WHOSE_TIME} is LogAppendTime, must be CreateTime: {_FORGETS}" for name in stamped]


async def unsafe_brokers(connection: Mapping[str, Any]) -> list[str]:
    """What is unsafe in what the brokers are told, a line each."""
    async with administrator(connection) as admin:
        brokers = [str(broker["node_id"]) for broker in (await admin.describe_cluster())["brokers"]]
        said = await configs(admin, brokers, ConfigResourceType.BROKER)
    faults = []
    if len(brokers) < _COPIES:
        faults.append(f"the cluster has {len(brokers)} brokers, must have {_COPIES} at least")
    for broker in brokers:
        at = said.get(broker)
        if not at:
            faults.append(f"broker {broker}: does not say how it is set: who asks needs DescribeConfigs on the cluster")
            continue
        if at["auto.create.topics.enable"] != "false":
            faults.append(
                f"broker {broker}: auto.create.topics.enable is {at['auto.create.topics.enable']}, must be false: "
                "a topic that is missing would be made in passing, with other settings"
            )
        faults += [
            f"broker {broker}: {name} is {at[name]}, must be {least} at least"
            for name, least in _OWN_TOPICS
            if int(at[name]) < least
        ]
    return faults


def _faults(name: str, copies: int, said: Mapping[str, str]) -> list[str]:
    faults = [] if copies >= _COPIES else [f"{name}: has {copies} replicas, must have {_COPIES} at least"]
    if not said:
        # Whoever checks whether the topics are as they must be has told it.
        return faults
    in_sync = int(said["min.insync.replicas"])
    if in_sync < _IN_SYNC:
        faults.append(f"{name}: min.insync.replicas is {in_sync}, must be {_IN_SYNC} at least")
    elif in_sync >= copies:
        faults.append(f"{name}: min.insync.replicas is {in_sync} of {copies}: no broker could be away")
    if said["unclean.leader.election.enable"] != "false":
        faults.append(f"{name}: unclean.leader.election.enable is true, must be false: it gives up what was kept")
    return faults
