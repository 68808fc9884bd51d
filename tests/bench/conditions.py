"""Under which conditions the figures came about: they mean nothing without."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import psutil

from service.local.kafka import FAST_ONCE_WARM


def conditions(**counts: object) -> Mapping[str, object]:
    """Machine, versions, and what was asked for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cores": cores,
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "kafka": _kafka(),
        "kafka_jvm": " ".join(FAST_ONCE_WARM),
        "aiokafka": version("aiokafka"),
        "load_when_begun": round(os.getloadavg()[0], 2),
        **counts,
    }


def _kafka() -> str:
    lock = Path(__file__).parents[2] / "service" / "local" / "kafka.lock"
    [line] = [line for line in lock.read_text().splitlines() if line.startswith("org.apache.kafka:kafka-clients:")]
    return line.split()[0].rpartition(":")[2]
