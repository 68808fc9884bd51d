"""What handler and projectors count, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

COMMANDS = Counter("fairlead_commands", "Commands answered", ["aggregate", "status", "code"])
TRANSACTION_SECONDS = Histogram(
    "fairlead_transaction_seconds",
    "From a batch of commands at hand to its commit",
    ["aggregate"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 15),
)
OWNED = Gauge("fairlead_partition_owned", "1 while its commands are judged here", ["aggregate", "partition"])
STOPPED = Gauge("fairlead_partition_stopped", "1 while the partition is stopped as unsafe", ["aggregate", "partition"])
WAITING = Gauge("fairlead_commands_waiting", "Commands not judged yet", ["aggregate", "partition"])
PARKED = Gauge("fairlead_entities_parked", "Entities that wait for a redrive", ["aggregate", "partition"])
REMEMBERED = Gauge("fairlead_outcomes_remembered", "Outcomes that repeats find", ["aggregate", "partition"])
REHYDRATING = Gauge("fairlead_rehydration_left", "Records of the log still to be read", ["aggregate", "partition"])
ACQUISITIONS = Counter("fairlead_acquisitions", "Partitions read anew, by what for", ["aggregate", "reason"])
RESTARTS = Counter("fairlead_client_restarts", "Clients made anew since they stood still or failed", ["group"])
PROJECTION_PARKED = Gauge(
    "fairlead_projection_entities_parked", "Entities whose messages wait", ["projection", "topic", "partition"]
)
