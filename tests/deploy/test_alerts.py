"""Alerts, rules for others and the list of metrics speak of what the service says of itself, and of all of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from service import app
from service.domain import AGGREGATES
from service.kafka.topics import Topics
from tests.deploy.kustomized import kustomized, pods

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
ALERTS = DEPLOY / "alerts.yml"
_METRIC = re.compile(r"fairlead_\w+")
_ENDINGS = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


def told() -> dict[str, tuple[str, ...]]:
    """The labels of each metric of ours, by the name under which Prometheus has it first."""
    assert app  # which brings every module that counts something
    collectors = {id(one): one for one in REGISTRY._collector_to_names}.values()  # noqa: SLF001  # no other way to labels
    return {
        metric.name + _ENDINGS[metric.type][0].removesuffix("_bucket"): tuple(getattr(one, "_labelnames", ()))
        for one in collectors
        for metric in one.collect()
        if metric.name.startswith("fairlead_")
    }


def series() -> set[str]:
    assert app
    return {
        metric.name + ending
        for metric in REGISTRY.collect()
        if metric.name.startswith("fairlead_")
        for ending in _ENDINGS[metric.type]
    }


def rules() -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        yield from group["rules"]


def test_every_metric_is_listed_with_its_labels_and_nothing_else_is() -> None:
    rows = re.findall(r"^\| `(fairlead_\w+)` \| ([^|]*) \|", (DEPLOY / "METRICS.md").read_text(), re.MULTILINE)
    listed = {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in rows}

    assert listed == told()


def test_an_alert_asks_for_metrics_and_labels_that_there_are() -> None:
    labels = {name: set(known) for name, known in told().items()}
    for rule in rules():
        assert (
            {"alert", "expr", "labels", "annotations"}
            <= rule.keys()
            <= {"alert", "expr", "for", "labels", "annotations"}
        )
        names = set(_METRIC.findall(rule["expr"]))
        assert names
        assert names <= series(), rule["alert"]
        known = set().union(*(labels[re.sub("_(count|bucket|sum)$", "", name)] for name in names))
        asked = {one for group in re.findall(r"by \(([^)]*)\)", rule["expr"]) for one in group.split(", ")}
        matched = set(re.findall(r"(\w+)=", "".join(re.findall(r"\{([^}]*)\}", rule["expr"]))))
        shown = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        assert asked | matched <= known, rule["alert"]
        assert shown <= asked, rule["alert"]


def test_a_stopped_partition_is_told_of_while_it_is_tried_anew() -> None:
    [stopped] = [rule for rule in rules() if rule["alert"] == "FairleadPartitionStopped"]
    assert "max_over_time(fairlead_partition_stopped[5m])" in stopped["expr"]
    assert "for" not in stopped


def test_an_aggregate_without_any_handler_is_known_by_the_topics_of_projectors() -> None:
    [absent] = [rule for rule in rules() if rule["alert"] == "FairleadNoHandler"]
    found = re.findall(r'label_replace\((\w+), "aggregate", "\$1", "topic", "(\S+)"\)', absent["expr"])
    assert ["fairlead_projection_entities_parked"] == [metric for metric, _ in found]
    [(_, of_topic)] = found
    for topics in (Topics(name, prefix) for name in AGGREGATES for prefix in ("", "red.")):
        for topic in (topics.events, topics.replies):
            assert topics.aggregate == re.sub(of_topic, r"\1", topic)


def test_the_stack_loads_the_alerts() -> None:
    [loaded] = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["rule_files"]
    prometheus = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["prometheus"]
    assert f"./deploy/alerts.yml:{loaded}:ro" in prometheus["volumes"]


def test_pods_are_found_by_labels_that_they_have_and_told_apart_as_the_adapter_does() -> None:
    [job] = yaml.safe_load((DEPLOY / "k8s" / "monitoring" / "prometheus.yml").read_text())["scrape_configs"]
    adapter = yaml.safe_load((DEPLOY / "k8s" / "monitoring" / "adapter.yml").read_text())
    [pod] = [one for name, one in pods(kustomized(DEPLOY / "k8s" / "minimal")) if name == "fairlead-handler"]
    sources = [rule["source_labels"][0] for rule in job["relabel_configs"]]
    for kind in ("label", "annotation"):
        written = {re.sub(r"[./]", "_", name) for name in pod["metadata"][f"{kind}s"]}
        start = f"__meta_kubernetes_pod_{kind}_"
        assert {name.removeprefix(start) for name in sources if name.startswith(start)} <= written
    made = {rule.get("target_label") for rule in job["relabel_configs"]}
    assert set(adapter["rules"]["custom"][0]["resources"]["overrides"]) <= made


def test_what_autoscales_by_a_metric_finds_it() -> None:
    adapter = yaml.safe_load((DEPLOY / "k8s" / "monitoring" / "adapter.yml").read_text())
    scaler = yaml.safe_load((DEPLOY / "k8s" / "autoscaled" / "handler.yaml").read_text())
    [rule] = adapter["rules"]["custom"]
    wanted = {one["pods"]["metric"]["name"] for one in scaler["spec"]["metrics"]}

    assert {rule["name"]["as"]} == wanted <= series()
    assert set(_METRIC.findall(rule["seriesQuery"])) == wanted


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool to ask")
@pytest.mark.parametrize(
    "words",
    [
        ("check", "rules", str(ALERTS)),
        ("test", "rules", str(Path(__file__).with_name("alerts_told.yml"))),
        ("check", "config", "--syntax-only", str(DEPLOY / "prometheus.yml")),
    ],
    ids=["rules", "alerts", "config"],
)
def test_prometheus_takes_it(words: tuple[str, ...]) -> None:
    subprocess.run(("promtool", *words), check=True)  # noqa: S603, S607
