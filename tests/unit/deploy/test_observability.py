"""Rules, dashboards and monitors: valid, tested, and of one mind with the runbook and with each other."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from fastapi.testclient import TestClient

from tests.unit.deploy.manifests import Manifest, containers, of_kind, overlay, template_of

ROOT = Path(__file__).resolve().parents[3]
OBSERVABILITY = ROOT / "deploy" / "observability"
RULES = OBSERVABILITY / "rules" / "geocrop.yaml"
TESTS = OBSERVABILITY / "tests" / "rules.test.yaml"
DASHBOARDS = sorted((OBSERVABILITY / "k8s" / "dashboards").glob("*.json"))
RUNBOOK = ROOT / "docs" / "operate.md"
GRID_WIDTH = 24


@pytest.fixture(scope="module")
def promtool() -> str:
    """Return Prometheus' own tool, or skip by name (fail where CI is set)."""
    found = shutil.which("promtool")
    if found is None:
        message = "promtool not found: apt-get install prometheus"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def tool(promtool: str, *words: str) -> None:
    done = subprocess.run([promtool, *words], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


ALERTS = [one["alert"] for one in rules() if "alert" in one]


def test_rules_and_scrapes_are_valid(promtool: str) -> None:
    tool(promtool, "check", "config", str(OBSERVABILITY / "prometheus.yml"))


def test_every_rule_tells_what_it_should_and_nothing_else(promtool: str) -> None:
    tool(promtool, "test", "rules", str(TESTS))


def test_every_rule_is_tested_where_it_must_tell_and_where_it_must_not() -> None:
    tests = yaml.safe_load(TESTS.read_text())
    groups = [one["name"] for one in yaml.safe_load(RULES.read_text())["groups"]]
    assert tests["group_eval_order"] == groups, "in an order by chance, an alert may see a record of a minute ago"
    cases = tests["tests"]
    told, silent = set(), set()
    for one in (one for case in cases for one in case.get("alert_rule_test", [])):
        (told if one["exp_alerts"] else silent).add(one["alertname"])
    assert told == set(ALERTS)
    assert set(ALERTS) - silent <= {"GeocropExporterBlind"}, "its test has a neighbour that is up"
    recorded = {one["record"] for one in rules() if "record" in one}
    asked = {one["expr"].split(" ")[0] for case in cases for one in case.get("promql_expr_test", [])}
    assert recorded == asked


def test_a_target_that_is_gone_is_missed_wherever_it_is_scraped() -> None:
    (rule,) = [one for one in rules() if one.get("alert") == "GeocropTargetDown"]
    missed = set(re.findall(r'absent\(up\{job="([a-z-]+)"\}\)', rule["expr"]))
    compose = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())["scrape_configs"]
    monitors = [one for one in overlay("prod") if one["kind"] == "ServiceMonitor"]
    assert missed == {one["job_name"] for one in compose} == {one["metadata"]["name"] for one in monitors}


def test_the_runbook_makes_the_secret_that_alertmanager_reads() -> None:
    values = yaml.safe_load((ROOT / "deploy" / "argocd" / "values" / "kube-prometheus-stack.yaml").read_text())
    spec = values["alertmanager"]["alertmanagerSpec"]
    assert spec["useExistingSecret"] is True, "or the chart makes one of its own beside it"
    page = RUNBOOK.read_text()
    # The operator looks for the key `alertmanager.yaml`.
    made = f"kubectl -n monitoring create secret generic {spec['configSecret']} --from-file=alertmanager.yaml"
    assert made in page
    (text,) = re.findall(r"^cat > alertmanager\.yaml <<'END'\n(.*?)^END$", page, re.MULTILINE | re.DOTALL)
    config = yaml.safe_load(text)
    receivers = {one["name"]: one for one in config["receivers"]}
    route = config["route"]
    assert {route["receiver"], *(one["receiver"] for one in route["routes"])} == set(receivers)
    assert set(receivers[route["receiver"]]) > {"name"}, "somebody is told"


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_its_section_in_the_runbook(alert: str) -> None:
    (rule,) = [one for one in rules() if one.get("alert") == alert]
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert ROOT / page == RUNBOOK
    assert anchor in set(anchors(RUNBOOK.read_text()))
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"]


def anchors(page: str) -> Iterator[str]:
    """Give the anchors of a page's headings, as Markdown's readers make them."""
    for title in re.findall(r"^#+ (.+)$", page, re.MULTILINE):
        yield re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def test_the_runbook_tells_of_no_alert_that_there_is_not() -> None:
    told = {one["annotations"]["runbook"].partition("#")[2] for one in rules() if "alert" in one}
    assert {one for one in anchors(RUNBOOK.read_text()) if one.startswith("geocrop")} == told
    linked = set(re.findall(r"\]\(#([a-z-]+)\)", RUNBOOK.read_text()))
    assert linked <= set(anchors(RUNBOOK.read_text()))


def test_the_operators_rules_are_those_of_prometheus() -> None:
    rendered = runpy.run_path(str(OBSERVABILITY / "render.py"))["rendered"]
    kept = (OBSERVABILITY / "k8s" / "rules.yaml").read_text()
    assert kept == rendered(RULES.read_text()), "run: python deploy/observability/render.py"
    assert yaml.safe_load(kept)["spec"] == yaml.safe_load(RULES.read_text())


def test_every_dashboard_is_in_the_component() -> None:
    (made,) = yaml.safe_load((OBSERVABILITY / "k8s" / "kustomization.yaml").read_text())["configMapGenerator"]
    assert sorted(made["files"]) == [f"dashboards/{path.name}" for path in DASHBOARDS]
    assert len(DASHBOARDS) == 4


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_whole(path: Path) -> None:
    board = json.loads(path.read_text())
    assert board["uid"] == path.stem
    assert [one["name"] for one in board["templating"]["list"]] == ["datasource"]
    panels = board["panels"]
    assert len({one["id"] for one in panels}) == len(panels)
    assert len({one["title"] for one in panels}) == len(panels)
    for one in panels:
        assert one["datasource"]["uid"] == "${datasource}"
        assert all(target["expr"] and target["datasource"]["uid"] == "${datasource}" for target in one["targets"])
    squares = [
        (x, y)
        for grid in (one["gridPos"] for one in panels)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(set(squares)) == len(squares), "panels lie over each other"
    assert max(x for x, _ in squares) < GRID_WIDTH


def test_dashboards_and_alerts_use_recorded_rules_that_there_are() -> None:
    recorded = {one["record"] for one in rules() if "record" in one}
    texts = [path.read_text() for path in DASHBOARDS] + [one["expr"] for one in rules()]
    used = {name for text in texts for name in re.findall(r"geocrop:[a-z_]+:[a-z0-9]+", text)}
    assert used == recorded, "a recorded rule that nobody uses goes"


def monitors() -> list[dict[str, Any]]:
    told = json.loads((OBSERVABILITY / "uptime-kuma" / "monitors.json").read_text())
    found: list[dict[str, Any]] = told["monitorList"]
    return found


def routed(path: str) -> tuple[str, str]:
    """Return the Service that production's ingress sends a visitor's path to, and the path that it is asked there."""
    matching = [
        (len(rule["path"]), rule, one)
        for one in of_kind(overlay("prod"), "Ingress")
        if one["metadata"]["name"] != "files"  # of another host
        for rule in one["spec"]["rules"][0]["http"]["paths"]
        if path == rule["path"] or (rule["pathType"] == "Prefix" and path.startswith(f"{rule['path']}/"))
    ]
    _, rule, ingress = max(matching, key=lambda one: one[0])  # Traefik: the longest goes first
    named = ingress["metadata"]["annotations"]["traefik.ingress.kubernetes.io/router.middlewares"]
    for prefix in stripped(named.removeprefix("geocrop-").removesuffix("@kubernetescrd")):
        path = path.removeprefix(prefix)
    return rule["backend"]["service"]["name"], path


def stripped(name: str) -> Iterator[str]:
    """Yield what a middleware takes off the paths."""
    (spec,) = [one["spec"] for one in of_kind(overlay("prod"), "Middleware") if one["metadata"]["name"] == name]
    yield from spec.get("stripPrefix", {}).get("prefixes", [])
    for one in spec.get("chain", {}).get("middlewares", []):
        yield from stripped(one["name"])


def deployment(name: str) -> Manifest:
    (found,) = [one for one in of_kind(overlay("prod"), "Deployment") if one["metadata"]["name"] == name]
    return found


@pytest.mark.parametrize("monitor", monitors(), ids=lambda one: one["name"])
def test_a_monitor_asks_what_is_served(monitor: dict[str, Any], tmp_path: Path) -> None:
    from api.main import create_app
    from resources.settings import Settings

    url = urlsplit(monitor["url"])
    if url.scheme == "http":  # inside the cluster
        service, namespace, *_ = str(url.hostname).split(".")
        (there,) = [one for one in of_kind(overlay("prod"), "Service") if one["metadata"]["name"] == service]
        assert there["metadata"]["namespace"] == namespace
        assert url.port in {one["port"] for one in there["spec"]["ports"]}
        return
    assert url.netloc == "GEOCROP_HOST"
    service, path = routed(url.path)
    if service == "geocrop-api":
        with TestClient(create_app(Settings(home=tmp_path), background=False)) as visitor:
            answer = visitor.get(path)
        assert answer.status_code == 200, answer.text
        if monitor["type"] == "keyword":
            key, _, _ = monitor["keyword"].rpartition(":")
            assert f"{key}:" in answer.text, "as it is written, without a blank"
    else:
        (container,) = containers(template_of(deployment(service))["spec"])
        assert path == container["readinessProbe"]["httpGet"]["path"]


def test_an_import_of_monitors_skips_names_that_are_there() -> None:
    assert len({one["name"] for one in monitors()}) == len(monitors())
