"""What one object names another one provides, or deploy/README.md tells how to make it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml

from tests.unit.deploy.manifests import K8S, OVERLAYS, Manifest, containers, name_of, of_kind, overlay, pods, selects

README = K8S.parent / "README.md"


def _documented_secrets() -> dict[str, set[str]]:
    """Return the secrets of the README's table, with their keys."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: set(re.findall(r"`([A-Za-z0-9_.]+)`", keys)) for name, keys in rows}


def _named(objects: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in of_kind(objects, kind)}


def _references(spec: Manifest) -> Iterator[tuple[str, str, str | None]]:
    """Yield kind, name and key of everything that a pod names; optional ones are left out."""
    yield "ServiceAccount", spec["serviceAccountName"], None
    for volume in spec.get("volumes", []):
        for source in [volume, *volume.get("projected", {}).get("sources", [])]:
            yield from _of_source(source, (("configMap", "ConfigMap"), ("secret", "Secret")))
        if found := volume.get("persistentVolumeClaim"):
            yield "PersistentVolumeClaim", found["claimName"], None
    for one in containers(spec):
        for source in one.get("envFrom", []):
            yield from _of_source(source, (("configMapRef", "ConfigMap"), ("secretRef", "Secret")))
        for entry in one.get("env", []):
            yield from _of_source(
                entry.get("valueFrom", {}), (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret"))
            )


def _of_source(source: Manifest, fields: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str, str | None]]:
    for field, kind in fields:
        if (found := source.get(field)) and not found.get("optional"):
            yield kind, found.get("secretName") or found["name"], found.get("key")


@pytest.mark.parametrize("overlay_name", OVERLAYS)
def test_everything_that_a_pod_names_is_there_or_documented(overlay_name: str) -> None:
    objects, secrets = overlay(overlay_name), _documented_secrets()
    for pod, _, spec in pods(objects):
        for kind, name, key in _references(spec):
            if kind == "Secret":
                assert name in secrets, (pod, name)
                assert key is None or key in secrets[name], (pod, name, key)
            else:
                assert name in _named(objects, kind), (pod, kind, name)


@pytest.mark.parametrize("overlay_name", OVERLAYS)
def test_every_mounted_file_is_in_its_config_map(overlay_name: str) -> None:
    objects = overlay(overlay_name)
    maps = _named(objects, "ConfigMap")
    for pod, _, spec in pods(objects):
        volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
        claims = {
            claim["metadata"]["name"]
            for one in of_kind(objects, "StatefulSet")
            for claim in one["spec"]["volumeClaimTemplates"]
        }
        for one in containers(spec):
            for mount in one.get("volumeMounts", []):
                assert mount["name"] in volumes or mount["name"] in claims, (pod, mount)
                source = volumes.get(mount["name"], {}).get("configMap")
                if source and "subPath" in mount:
                    assert mount["subPath"] in maps[source["name"]]["data"], (pod, mount)


@pytest.mark.parametrize("overlay_name", OVERLAYS)
def test_every_service_selects_one_workload_that_has_its_port(overlay_name: str) -> None:
    objects = overlay(overlay_name)
    for service in of_kind(objects, "Service"):
        selector = {"matchLabels": service["spec"]["selector"]}
        chosen = [(pod, spec) for pod, labels, spec in pods(objects) if selects(selector, labels)]
        assert len(chosen) == 1, name_of(service)
        there = {port["name"] for one in chosen[0][1]["containers"] for port in one.get("ports", [])}
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in there, (name_of(service), port)


@pytest.mark.parametrize("overlay_name", OVERLAYS)
def test_every_ingress_and_every_address_of_a_setting_leads_to_a_service_and_its_port(overlay_name: str) -> None:
    objects = overlay(overlay_name)
    services = {
        name: {port["name"]: port["port"] for port in one["spec"]["ports"]}
        for name, one in _named(objects, "Service").items()
    }
    for one in of_kind(objects, "Ingress"):
        for rule in one["spec"]["rules"]:
            for entry in rule["http"]["paths"]:
                backend = entry["backend"]["service"]
                assert backend["port"]["name"] in services[backend["name"]], (name_of(one), backend)
    settings = _named(objects, "ConfigMap")["geocrop-settings"]["data"]
    inside = {key: re.match(r"http://([a-z-]+):(\d+)", value) for key, value in settings.items()}
    found = {key: match for key, match in inside.items() if match}
    assert len(found) == 4
    for key, match in found.items():
        assert int(match[2]) in services[match[1]].values(), key


@pytest.mark.parametrize("overlay_name", OVERLAYS)
def test_a_right_is_given_to_an_account_that_a_pod_has(overlay_name: str) -> None:
    objects = overlay(overlay_name)
    accounts = _named(objects, "ServiceAccount")
    used = {spec["serviceAccountName"] for _, _, spec in pods(objects)} | {"geocrop-run"}
    assert set(accounts) <= used
    roles = {(one["kind"], one["metadata"]["name"]) for one in of_kind(objects, "Role", "ClusterRole")}
    for binding in of_kind(objects, "RoleBinding", "ClusterRoleBinding"):
        assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) in roles
        assert all(subject["name"] in accounts for subject in binding["subjects"])
    assert all(one.get("automountServiceAccountToken") is False for one in accounts.values())


def test_the_tables_of_secrets_name_no_secret_that_nobody_reads() -> None:
    used = {"geocrop-tls", "admin-auth", "ray"}  # the ingress, pods of KubeRay
    for name in OVERLAYS:
        for _, _, spec in pods(overlay(name)):
            used |= {found for kind, found, _ in _references(spec) if kind == "Secret"}
    assert set(_documented_secrets()) - used == set()


def test_the_secrets_that_are_made_by_chance_have_the_keys_that_pods_read() -> None:
    script = K8S.parent / "make_secrets.py"
    done = subprocess.run(
        [sys.executable, script, "kubernetes"], check=True, capture_output=True, text=True, timeout=60
    )
    made = {one["metadata"]["name"]: set(one["stringData"]) for one in json.loads(done.stdout)["items"]}
    documented = _documented_secrets()
    brought = {"geocrop-tls", "geocrop-backup", "titiler"}  # a person's own, or of a choice
    assert {name: documented[name] - made.get(name, set()) for name in documented if name not in brought} == {
        name: set() for name in documented if name not in brought
    }


def _values(name: str) -> Manifest:
    found: Manifest = yaml.safe_load((K8S.parent / "argocd" / "values" / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


def _host_of_ingress(values: Manifest) -> str:
    ingress = values["ingress"]
    assert ingress["enabled"] is True
    assert ingress["className"] == "traefik"
    [rule], [tls] = ingress["hosts"], ingress["tls"]
    assert (tls["hosts"], tls["secretName"]) == ([rule["host"]], "geocrop-tls")
    host: str = rule["host"]
    return host


def test_the_registry_that_overlays_pull_from_is_gitea_at_its_host() -> None:
    values = _values("gitea")
    host = _host_of_ingress(values)
    server = values["gitea"]["config"]["server"]
    assert (server["DOMAIN"], server["ROOT_URL"]) == (host, f"https://{host}/")
    for name in OVERLAYS:
        images = yaml.safe_load((K8S / "overlays" / name / "kustomization.yaml").read_text(encoding="utf-8"))["images"]
        ours = [one["newName"] for one in images if one["name"].startswith("geocrop-")]
        assert {one.split("/")[0] for one in ours} == {host}


def test_of_uptime_kuma_visitors_reach_the_status_page_and_no_login() -> None:
    values = _values("uptime-kuma")
    assert _host_of_ingress(values) != _host_of_ingress(_values("gitea"))
    open_ = {path["path"]: path["pathType"] for path in values["ingress"]["hosts"][0]["paths"]}
    assert {"/status", "/api/status-page", "/assets"} <= {path for path, kind in open_.items() if kind == "Prefix"}
    assert not [path for path in ("/", "/socket.io", "/dashboard", "/setup", "/api", "/metrics") if path in open_]


def test_jupyterhub_starts_the_notebooks_image_as_its_own_user_in_its_own_home() -> None:
    values = _values("jupyterhub")
    one = values["singleuser"]
    assert one["image"]["name"] == f"{_host_of_ingress(_values('gitea'))}/geocrop/geocrop-notebook"
    [jupyter] = [spec for pod, _, spec in pods(overlay("cluster")) if pod == "Deployment/jupyter"]
    user, [home] = (
        jupyter["securityContext"]["runAsUser"],
        [mount["mountPath"] for mount in jupyter["containers"][0]["volumeMounts"] if mount["name"] == "home"],
    )
    assert (one["uid"], one["storage"]["homeMountPath"]) == (user, home)
    lock = (K8S.parent / "images" / "locks" / "notebook.lock").read_text(encoding="utf-8")
    assert one["cmd"] == "jupyterhub-singleuser"
    assert re.search(r"^jupyterhub==5\.4\.", lock, re.MULTILINE)  # of the chart's own JupyterHub
    keys = {key: source["valueFrom"]["secretKeyRef"] for key, source in one["extraEnv"].items() if "AWS_" in key}
    assert keys == {
        key: {"name": "jupyterhub-store", "key": key} for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }
    [host] = values["ingress"]["hosts"]
    assert values["ingress"]["tls"] == [{"secretName": "geocrop-tls", "hosts": [host]}]
    called_back = values["hub"]["config"]["GenericOAuthenticator"]["oauth_callback_url"]
    assert called_back == f"https://{host}/hub/oauth_callback"


def test_argo_cd_keeps_the_keys_that_jupyterhubs_chart_makes_by_chance() -> None:
    path = K8S.parent / "argocd" / "cluster" / "jupyterhub.yaml"
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
    kept = {(one["kind"], one["name"]): set(one["jsonPointers"]) for one in spec["ignoreDifferences"]}
    assert len(kept["Secret", "hub"]) == 3
    annotation = "/spec/template/metadata/annotations/checksum~1"
    assert kept["Deployment", "hub"] == {f"{annotation}secret"}
    assert kept["Deployment", "proxy"] == {f"{annotation}auth-token"}
    assert "RespectIgnoreDifferences=true" in spec["syncPolicy"]["syncOptions"]


def test_a_titiler_that_knows_no_signatures_is_behind_the_login_and_no_visitor_is_sent_there() -> None:
    assert "Deployment/titiler" not in {pod for pod, _, _ in pods(overlay("prod"))}
    objects = overlay("cluster")
    assert "Deployment/titiler" in {pod for pod, _, _ in pods(objects)}
    chain = _named(objects, "Middleware")["titiler"]["spec"]["chain"]["middlewares"]
    assert {"name": "login"} in chain
    used = _named(objects, "Ingress")["titiler"]["metadata"]["annotations"]
    assert used["traefik.ingress.kubernetes.io/router.middlewares"] == "geocrop-titiler@kubernetescrd"
    assert "GEOCROP_TITILER_URL" not in _named(objects, "ConfigMap")["geocrop-settings"]["data"]


RUNBOOK = K8S.parents[1] / "docs" / "operate.md"


def test_a_file_that_leads_to_a_section_of_the_runbook_finds_it() -> None:
    sections = set(re.findall(r"^#+ (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE))
    named = {}
    for path in [*K8S.parent.rglob("*.yaml"), *RUNBOOK.parents[1].glob(".gitea/**/*.yaml")]:
        text = " ".join(path.read_text(encoding="utf-8").replace("#", " ").split())
        named |= dict.fromkeys(re.findall(r'docs/operate\.md, "([^"]+)"', text), path)
    assert {"More nodes", "Runners", "Gitea", "Status page"} <= set(named)
    assert set(named) <= sections


def test_the_runbook_makes_the_secrets_that_jupyterhub_reads() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    values = _values("jupyterhub")
    entries = [*values["hub"]["extraEnv"].values(), *values["singleuser"]["extraEnv"].values()]
    read = [one["valueFrom"]["secretKeyRef"] for one in entries if isinstance(one, dict)]
    assert {one["name"] for one in read} == {"jupyterhub-sso", "jupyterhub-store"}
    for name in {one["name"] for one in read}:
        assert f"kubectl -n jupyterhub create secret generic {name} " in text
    for one in read:
        # `jupyterhub-store` is copied, with all keys of this beginning.
        assert f"`{one['key']}`" in text or (one["key"].startswith("AWS_") and "grep ^AWS_" in text)
