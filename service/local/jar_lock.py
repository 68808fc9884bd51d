"""Prints what belongs into kafka.lock, for `make locks`: what Maven's rules say a Kafka is made of, with hashes."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import Dependency, MavenContext

# Not 4.3.1: when the only replica of a partition restarts in mid-commit, its coordinator takes a partition without a
# leader for a deleted one (KRaftMetadataCache.getPartitionLeaderEndpoint) and never writes the marker, so that the
# transaction hangs for ever: in 2 of 3 runs of ten kills.
WANTED = (
    "org.apache.kafka:kafka_2.13:4.2.2",
    "org.apache.kafka:kafka-server:4.2.2",
    "org.slf4j:slf4j-simple:1.7.36",  # of the line that Kafka's slf4j-api is of
)


def main() -> None:
    """Resolve, fetch and print a line per jar: its coordinate and its SHA-256."""
    with tempfile.TemporaryDirectory() as fresh, ThreadPoolExecutor(8) as threads:
        context = MavenContext(repo_cache=Path(fresh), timeout=60)
        inputs, others = context.resolver.resolve([context.create_dependency(wanted) for wanted in WANTED])
        sys.stdout.writelines(sorted(threads.map(_line, [*inputs, *others])))


def _line(jar: Dependency) -> str:
    digest = hashlib.sha256(jar.artifact.resolve().read_bytes()).hexdigest()
    return f"{jar.groupId}:{jar.artifactId}:{jar.version} {digest}\n"


if __name__ == "__main__":
    main()
