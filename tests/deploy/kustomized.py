"""What `kubectl kustomize` makes of a folder, as far as ours go: it is not everywhere where the tests run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]

_KNOWN = {"apiVersion", "kind", "namespace", "resources", "images", "patches"}
_CLUSTER_WIDE = {"Namespace"}


def kustomized(folder: Path) -> list[Manifest]:
    """The manifests of an overlay; raises NotImplementedError where it asks for what is not known here."""
    said = yaml.safe_load((folder / "kustomization.yaml").read_text())
    if unknown := said.keys() - _KNOWN:
        raise NotImplementedError(f"{folder.name}: {', '.join(sorted(unknown))}")
    found = [manifest for name in said["resources"] for manifest in _read(folder / name)]
    for manifest in found:
        if "namespace" in said and manifest["kind"] not in _CLUSTER_WIDE:
            manifest["metadata"]["namespace"] = said["namespace"]
    for image in said.get("images", []):
        for container in containers(found):
            name, _, tag = container["image"].partition(":")
            if name == image["name"]:
                container["image"] = f"{image.get('newName', name)}:{image.get('newTag', tag)}"
    for patch in said.get("patches", []):
        _patch(found, patch["target"], yaml.safe_load(patch["patch"]))
    return found


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """The template of each workload's pods, with the workload's name."""
    for manifest in manifests:
        if "template" in manifest.get("spec", {}):
            yield manifest["metadata"]["name"], manifest["spec"]["template"]


def containers(manifests: list[Manifest]) -> Iterator[Manifest]:
    """All containers of all pods."""
    for _, pod in pods(manifests):
        yield from pod["spec"]["containers"]


def _read(path: Path) -> list[Manifest]:
    return kustomized(path) if path.is_dir() else [*yaml.safe_load_all(path.read_text())]


def _patch(manifests: list[Manifest], target: Manifest, operations: list[Manifest]) -> None:
    hit = [
        one
        for one in manifests
        if one["kind"] == target["kind"] and target.get("name") in {None, one["metadata"]["name"]}
    ]
    if not hit:
        raise LookupError(f"nothing to patch: {target}")
    for manifest in hit:
        for operation in operations:
            *path, last = operation["path"].strip("/").split("/")
            place: Any = manifest
            for step in path:
                place = place[int(step) if isinstance(place, list) else step]
            if operation["op"] != "add" and last not in place:
                raise LookupError(f"{target} has no {operation['path']}")
            if operation["op"] == "remove":
                del place[last]
            else:
                place[last] = operation["value"]
