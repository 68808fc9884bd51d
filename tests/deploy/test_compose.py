"""docker-compose.yml, the Dockerfile and what is beside them name roles, images and settings that there are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from service.settings import ENV_PREFIX, Settings
from tests.engine import IMAGES

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
ROLES = {"handle": "handler", "project": "projectors", "api": "api"}
_DEFAULT = re.compile(r"\$\{(\w+):-(.*)\}")


def test_each_variable_is_a_setting() -> None:
    known = {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields}
    said = {name for one in SERVICES.values() for name in one.get("environment", {}) if name.startswith(ENV_PREFIX)}

    assert said
    assert said <= known


def test_each_role_is_there_and_is_restricted() -> None:
    for command, name in ROLES.items():
        role = SERVICES[name]
        assert role["command"] == [command]
        assert role["read_only"] is True
        assert role["cap_drop"] == ["ALL"]


def test_after_a_move_all_roles_can_be_told_the_new_prefix_and_without_one_there_is_none() -> None:
    for name in ("topics", *ROLES.values()):
        told = SERVICES[name]["environment"][f"{ENV_PREFIX}PREFIX"]
        assert told == f"${{{ENV_PREFIX}PREFIX:-}}"
    assert Settings(prefix="").prefix == Settings.model_fields["prefix"].default


def test_a_password_may_have_signs_that_a_url_would_take_for_its_own() -> None:
    for name in ("topics", *ROLES.values()):
        told = SERVICES[name]["environment"]
        assert "$" not in told[f"{ENV_PREFIX}DATABASE_URL"]
        assert told["PGPASSWORD"] == SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"]


def test_a_handler_takes_an_import_where_it_is_told_to_and_not_else() -> None:
    assert SERVICES["handler"]["environment"][f"{ENV_PREFIX}ALLOW_IMPORT"] == f"${{{ENV_PREFIX}ALLOW_IMPORT:-false}}"


def test_what_can_be_scaled_has_no_name_and_no_port_of_this_machine() -> None:
    assert not SERVICES["handler"].keys() & {"container_name", "ports", "hostname"}


def test_the_tests_run_on_the_images_that_it_names() -> None:
    named = [SERVICES["kafka"]["image"], SERVICES["postgres"]["image"], SERVICES["topics"]["build"]["args"][0]]
    defaults = {found[1]: found[2] for text in named if (found := _DEFAULT.search(text))}

    assert defaults == {name: images[0] for name, images in IMAGES.items()}


def test_the_image_is_labelled_with_the_version_of_the_service() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert f"ARG VERSION={project['version']}\n" in (ROOT / "deploy" / "Dockerfile").read_text()


def test_metrics_are_asked_of_every_role() -> None:
    prometheus = yaml.safe_load((ROOT / "deploy" / "prometheus.yml").read_text())
    collector = yaml.safe_load((ROOT / "deploy" / "collector.yml").read_text())["receivers"]["prometheus"]["config"]
    for config in (prometheus, collector):
        assert _asked(config) == {("handler", 8081), ("projectors", 8081), ("api", 8080)}


def _asked(config: dict[str, Any]) -> set[tuple[str, int]]:
    [job] = config["scrape_configs"]
    return {(name, found["port"]) for found in job["dns_sd_configs"] for name in found["names"]}
