"""The manifests fit Kubernetes, the service, and each other; no cluster is needed to know it."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from service.api import server
from service.kafka import membership, topic_making, workers
from service.settings import ENV_PREFIX, Settings
from tests.deploy.kustomized import Manifest, containers, kustomized, pods

ROOT = Path(__file__).parents[2]
FOLDERS = [path.parent for path in sorted((ROOT / "deploy" / "k8s").glob("*/kustomization.yaml"))]
# The oldest that somebody may still run, and the newest that we know.
VERSIONS = ["1.30", kubernetes_validate.latest_version()]

overlays = pytest.mark.parametrize("folder", FOLDERS, ids=[path.name for path in FOLDERS])


def of_kind(manifests: list[Manifest], kind: str) -> Iterator[Manifest]:
    return (manifest for manifest in manifests if manifest["kind"] == kind)


def said(manifests: list[Manifest], container: Manifest) -> dict[str, str]:
    """The variables of a container, but for those of Secrets, which are not ours to write."""
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(manifests, "ConfigMap")}
    refs = [one["configMapRef"] for one in container["envFrom"] if "configMapRef" in one]
    shared = [maps[ref["name"]] for ref in refs if ref["name"] in maps or not ref.get("optional")]
    own = {one["name"]: one.get("value", "") for one in container.get("env", [])}
    return {name: value for given in (*shared, own) for name, value in given.items()}


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    structured = selector.keys() & {"matchLabels", "matchExpressions"}
    exact = selector.get("matchLabels", {}) if structured else selector
    ranges = {one["key"]: one["values"] for one in selector.get("matchExpressions", [])}
    return exact.items() <= labels.items() and all(labels.get(key) in values for key, values in ranges.items())


@overlays
@pytest.mark.parametrize("version", VERSIONS)
def test_each_manifest_fits_the_schema_of_its_kind(folder: Path, version: str) -> None:
    for manifest in kustomized(folder):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_found() -> None:
    [handler] = of_kind(kustomized(FOLDERS[0]), "StatefulSet")
    handler["spec"]["template"]["spec"]["enableServiceLink"] = False
    with pytest.raises(kubernetes_validate.ValidationError, match="enableServiceLink"):
        kubernetes_validate.validate(handler, VERSIONS[-1], strict=True)


@overlays
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl to compare with")
def test_kubectl_makes_the_same_of_each_overlay(folder: Path) -> None:
    made = subprocess.run(["kubectl", "kustomize", folder], check=True, capture_output=True, text=True)  # noqa: S603, S607

    def by_name(manifests: list[Manifest]) -> dict[tuple[str, str], Manifest]:
        return {(one["kind"], one["metadata"]["name"]): one for one in manifests}

    assert by_name([*yaml.safe_load_all(made.stdout)]) == by_name(kustomized(folder))


@overlays
def test_each_variable_is_a_setting_and_has_a_value_that_the_service_takes(folder: Path) -> None:
    manifests = kustomized(folder)
    for container in containers(manifests):
        given = {name.removeprefix(ENV_PREFIX).lower(): value for name, value in said(manifests, container).items()}
        assert set() == given.keys() - Settings.model_fields.keys()
        # Its folder is the volume's, and there is no such volume here; what is empty is filled in by Kubernetes.
        known: dict[str, Any] = {name: value for name, value in given.items() if value and name != "state_dir"}
        Settings(**known | {"sasl_username": "somebody", "sasl_password": "hidden"})


@overlays
def test_each_role_has_the_time_that_its_end_takes(folder: Path) -> None:
    longest_leave = workers._DRAIN_SECONDS + workers._RELEASE_SECONDS + membership._LEAVE_SECONDS  # noqa: SLF001
    for name, pod in pods(kustomized(folder)):
        if name not in {"fairlead-topics", "fairlead-tools"}:
            grace = pod["spec"]["terminationGracePeriodSeconds"]
            assert grace > longest_leave + Settings().commit_timeout_s, name
        if name == "fairlead-api":
            [container] = pod["spec"]["containers"]
            # Else who is sent there by a Service that has not heard of it yet is refused.
            assert grace > container["lifecycle"]["preStop"]["sleep"]["seconds"] + server._DRAIN_SECONDS > 0  # noqa: SLF001


@overlays
def test_probes_ask_where_the_service_answers(folder: Path) -> None:
    manifests = kustomized(folder)
    for container in containers(manifests):
        if container["name"] in {"topics", "tools"}:
            continue
        answers = said(manifests, container)
        wanted = int(answers[f"{ENV_PREFIX}{'API' if container['name'] == 'api' else 'HEALTH'}_PORT"])
        ports = {one["name"]: one["containerPort"] for one in container["ports"]}
        paths = {}
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container[kind]["httpGet"]
            assert wanted == ports[asked["port"]], (container["name"], kind)
            paths[kind] = asked["path"]
        assert {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"} == paths


@overlays
def test_the_image_is_that_of_this_release(folder: Path) -> None:
    release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {release} == {container["image"].rpartition(":")[2] for container in containers(kustomized(folder))}


@overlays
def test_pods_may_do_no_more_than_they_need(folder: Path) -> None:
    for name, pod in pods(kustomized(folder)):
        spec, safety = pod["spec"], pod["spec"]["securityContext"]
        assert (True, "RuntimeDefault") == (safety["runAsNonRoot"], safety["seccompProfile"]["type"]), name
        assert (False, False) == (spec["automountServiceAccountToken"], spec["enableServiceLinks"]), name
        for container in spec["containers"]:
            assert {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            } == container["securityContext"], name
            assert {"cpu", "memory"} == container["resources"]["requests"].keys(), name
            assert "memory" in container["resources"]["limits"], name


@overlays
def test_what_selects_pods_selects_some(folder: Path) -> None:
    manifests = kustomized(folder)
    labels = [pod["metadata"]["labels"] for _, pod in pods(manifests)]
    selectors: list[tuple[str, Any]] = [
        (f"{one['kind']} {one['metadata']['name']}", one["spec"].get("podSelector", one["spec"].get("selector")))
        for kind in ("Service", "PodDisruptionBudget", "NetworkPolicy", "StatefulSet", "Deployment")
        for one in of_kind(manifests, kind)
    ]
    assert [] == [name for name, selector in selectors if not any(selects(selector, one) for one in labels)]


@overlays
def test_whoever_speaks_to_kafka_is_let_through_to_it_and_nobody_else(folder: Path) -> None:
    manifests = kustomized(folder)
    policies = [*of_kind(manifests, "NetworkPolicy")]
    for name, pod in pods(manifests):
        [container] = pod["spec"]["containers"]
        brokers = said(manifests, container).get(f"{ENV_PREFIX}BOOTSTRAP_SERVERS", "")
        asked = {int(broker.rpartition(":")[2]) for broker in brokers.split(",") if broker}
        opened = {
            port["port"]
            for policy in policies
            if selects(policy["spec"]["podSelector"], pod["metadata"]["labels"])
            for rule in policy["spec"].get("egress", [])
            for port in rule["ports"]
        }
        assert asked <= opened, name
        assert bool(asked) == (9092 in opened), name
        assert 5432 in opened, name


def test_an_update_makes_topics_before_those_start_who_read_them_and_handlers_come_last() -> None:
    folder = ROOT / "deploy" / "k8s"
    update = (folder / "README.md").read_text().partition("**Updates**")[2].partition("**As many")[0]
    apply = "kubectl apply -k deploy/k8s/production"
    steps = [
        f"{apply} -l app.kubernetes.io/component=topics\n",
        "wait --for=condition=complete",
        f"{apply} -l 'app.kubernetes.io/component in (projectors,api)'\n",
        f"{apply}\n",
    ]

    assert all(step in update for step in steps)
    assert steps == sorted(steps, key=update.index)


@overlays
def test_a_person_has_a_pod_from_which_every_command_reaches_what_it_asks(folder: Path) -> None:
    manifests = kustomized(folder)
    [tools] = [one for one in of_kind(manifests, "Deployment") if one["metadata"]["name"] == "fairlead-tools"]
    [api] = [
        one for one in of_kind(manifests, "Service") if one["spec"]["selector"]["app.kubernetes.io/component"] == "api"
    ]
    pod = tools["spec"]["template"]
    [container] = pod["spec"]["containers"]
    variables = said(manifests, container)
    targets = [
        to["podSelector"]
        for policy in of_kind(manifests, "NetworkPolicy")
        if selects(policy["spec"]["podSelector"], pod["metadata"]["labels"])
        for rule in policy["spec"].get("egress", [])
        if {"port": 8080} in rule["ports"]
        for to in rule["to"]
    ]

    assert 0 == tools["spec"]["replicas"]
    assert f"{ENV_PREFIX}BOOTSTRAP_SERVERS" in variables
    assert f"http://{api['metadata']['name']}" == variables[f"{ENV_PREFIX}API_URL"]
    assert any(selects(target, api["spec"]["selector"]) for target in targets)
    assert "/tmp" in {one["mountPath"] for one in container["volumeMounts"]}  # noqa: S108  # of the container


@overlays
def test_a_handler_keeps_its_name_and_its_disk(folder: Path) -> None:
    [handler] = of_kind(kustomized(folder), "StatefulSet")
    [container] = handler["spec"]["template"]["spec"]["containers"]
    variables = {one["name"]: one for one in container["env"]}
    assert "metadata.name" == variables[f"{ENV_PREFIX}INSTANCE_ID"]["valueFrom"]["fieldRef"]["fieldPath"]
    kept = Path(variables[f"{ENV_PREFIX}STATE_DIR"]["value"])
    mounted = {one["name"]: Path(one["mountPath"]) for one in container["volumeMounts"]}
    assert kept.parent == mounted[handler["spec"]["volumeClaimTemplates"][0]["metadata"]["name"]]


def test_no_more_handlers_are_made_than_there_are_partitions() -> None:
    manifests = kustomized(ROOT / "deploy" / "k8s" / "autoscaled")
    [scaler] = of_kind(manifests, "HorizontalPodAutoscaler")
    [handler] = of_kind(manifests, "StatefulSet")
    [job] = of_kind(manifests, "Job")
    arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
    assert not any(word.startswith("--partitions") for word in arguments), "then as many as the topics have"
    assert scaler["spec"]["maxReplicas"] == topic_making.PARTITIONS
    assert "replicas" not in handler["spec"]
    assert handler["metadata"]["name"] == scaler["spec"]["scaleTargetRef"]["name"]
