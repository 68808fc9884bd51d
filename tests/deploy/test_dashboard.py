"""What the dashboard asks for is what the service says of itself: a metric that is renamed leaves no empty panel."""

from __future__ import annotations

import json
import re
from pathlib import Path

from prometheus_client import REGISTRY

from service import app

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards" / "fairlead.json"
_METRIC = re.compile(r"fairlead_\w+")


def test_no_panel_asks_for_labels_that_only_one_way_of_measuring_sets() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    assert not [one for one in asked if re.search(r"(job|role|pod|namespace)\s*=", one)]


def test_every_metric_that_the_dashboard_shows_exists() -> None:
    assert app  # which brings every module that counts something
    panels = json.loads(DASHBOARD.read_text())["panels"]
    shown = {name for panel in panels for target in panel["targets"] for name in _METRIC.findall(target["expr"])}
    kinds = {"counter": ("_total",), "histogram": ("_bucket",), "gauge": ("",)}
    told = {metric.name + ending for metric in REGISTRY.collect() for ending in kinds.get(metric.type, ())}

    assert shown
    assert shown <= told, shown - told
