"""The images as they are built: who runs in them, how they do with a root that they cannot write, and a pod of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.deploy_slow.podman import HARDENED, Podman
from tests.integration.servers import postgres, wait_until
from tests.unit.deploy.manifests import of_kind, overlay, template_of

pytestmark = pytest.mark.deploy

MEGABYTE = 10**6
#: Largest size on disk. Of the code's 2.5 GB catboost, XGBoost, LLVM and Arrow are a third.
SIZES = {"code": 2_700 * MEGABYTE, "api": 1_250 * MEGABYTE}
CACHE_HITS = """
from imagery import compiled_features, feature_kernels
compiled_features.warm()
stats = feature_kernels.write_features.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""
GET = """
import urllib.request as web
request = web.Request("http://127.0.0.1:8000{path}", headers={{"Accept": "text/html"}})
print(web.urlopen(request).read().decode())
"""
#: What KubeRay's probes of a head ask, and what both must answer; without a token, as a kubelet has none.
HEALTH_OF_A_HEAD = ("52365/api/local_raylet_healthz", "8265/api/gcs_healthz")
ASK = """
import urllib.request as web
for end in {ends!r}:
    print(web.urlopen(f"http://127.0.0.1:{{end}}", timeout=5).read().decode())
"""
IN_A_NOTEBOOK = """
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="python3")
client.execute_interactive("print(type(storage).__name__, storage.bucket)", timeout=120)
client.stop_channels()
manager.shutdown_kernel(now=True)
"""


def _facts(podman: Podman, image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(podman.run("image", "inspect", image).stdout)[0]
    return found


@pytest.mark.parametrize("role", ["code", "api"])
def test_an_image_is_nobodys_in_particular_knows_its_health_and_has_no_compiler(
    podman: Podman, role: str, request: pytest.FixtureRequest
) -> None:
    image = request.getfixturevalue(f"{role}_image")
    facts = _facts(podman, image)
    assert facts["User"] == "10001:10001"
    assert facts["Healthcheck"]["Test"]
    assert facts["Size"] < SIZES[role]
    found = podman.run(
        "run", "--rm", "--network=none", *HARDENED, image, "sh", "-c", "command -v gcc cc g++ make || true"
    )
    assert not found.stdout.strip()
    kept = podman.run(
        "run", "--rm", "--network=none", *HARDENED, image, "sh", "-c", "ls -a /opt/geocrop/src"
    ).stdout.split()
    assert not {".git", "tests", ".venv", "node_modules", ".geocrop"} & set(kept)


def test_kernels_of_the_image_are_loaded_and_not_compiled_again(podman: Podman, code_image: str) -> None:
    done = podman.run("run", "--rm", "--network=none", *HARDENED, code_image, "python", "-c", CACHE_HITS)
    hits, misses = (int(word) for word in done.stdout.split())
    assert hits == 1
    assert misses == 0


def test_the_image_brings_the_tools_of_backups(podman: Podman, code_image: str) -> None:
    done = podman.run("run", "--rm", "--network=none", *HARDENED, code_image, "pg_dump", "--version")
    assert "(PostgreSQL) 15." in done.stdout


def test_the_api_serves_the_map_and_itself_with_a_root_that_it_cannot_write(podman: Podman, api_image: str) -> None:
    podman.run("run", "--detach", "--name=api", "--network=none", "--memory=512m", *HARDENED, api_image)
    try:
        wait_until(lambda: podman.run("healthcheck", "run", "api", check=False).returncode == 0, "the API", 240)
        page = podman.run("exec", "api", "python", "-c", GET.format(path="/")).stdout
        assert "<!doctype html>" in page
        assert "is not built yet" not in page
        ready = podman.run("exec", "api", "python", "-c", GET.format(path="/readyz")).stdout
        assert json.loads(ready) == {"status": "ok"}
    finally:
        podman.run("rm", "--force", "--time=5", "api", check=False)


def test_a_notebook_begins_with_the_stores_client(podman: Podman, notebook_image: str) -> None:
    keys = [f"--env={name}=x" for name in ("MINIO_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    home = "--tmpfs=/home/geocrop:rw,mode=1777"
    words = ["run", "--rm", "--network=none", *HARDENED, home, *keys, notebook_image, "python", "-c", IN_A_NOTEBOOK]
    assert "MinIOStorageClient geocrop-datasets" in podman.run(*words).stdout


def test_a_head_of_ray_answers_who_asks_for_its_health_with_a_root_that_it_cannot_write(
    podman: Podman, ray_image: str
) -> None:
    keys = ("--env=RAY_AUTH_MODE=token", f"--env=RAY_AUTH_TOKEN={'0' * 64}", "--env=RAY_USAGE_STATS_ENABLED=0")
    start = ("ray", "start", "--head", "--block", "--num-cpus=0", "--object-store-memory=100000000")
    podman.run("run", "--detach", "--name=head", "--network=host", "--memory=4g", *HARDENED, *keys, ray_image, *start)
    ask = ("exec", "head", "python", "-c", ASK.format(ends=HEALTH_OF_A_HEAD))
    try:
        wait_until(lambda: podman.run(*ask, check=False).stdout.split() == ["success"] * 2, "Ray's head", 120)
    finally:
        podman.run("rm", "--force", "--time=5", "head", check=False)


def _objects_of_pod(image: str, database: str) -> list[dict[str, Any]]:
    """Return the rendered code location as a pod for podman, with what it names; its database is another one.

    Podman 4 knows neither probes over gRPC nor volumes made of several sources, no priorities, and no single
    file of a volume. On the host's network, where the database is, a pod maps no ports.
    """
    rendered = overlay("dev")
    (deployment,) = [one for one in of_kind(rendered, "Deployment") if one["metadata"]["name"] == "geocrop-code"]
    template = json.loads(json.dumps(template_of(deployment)))
    spec = template["spec"]
    spec["volumes"] = [volume for volume in spec["volumes"] if "projected" not in volume]
    del spec["priorityClassName"]
    container = spec["containers"][0]
    container["image"] = image
    for field in ("startupProbe", "readinessProbe", "livenessProbe", "ports"):
        del container[field]
    for mount in container["volumeMounts"]:
        if mount.pop("subPath", None):
            mount["mountPath"] = str(Path(mount["mountPath"]).parent)
    address = urlsplit(database)
    maps = {one["metadata"]["name"]: json.loads(json.dumps(one)) for one in of_kind(rendered, "ConfigMap")}
    settings, instance = maps["geocrop-settings"], maps["dagster-instance"]
    settings["data"] |= {
        "DAGSTER_POSTGRES_HOST": address.hostname,
        "DAGSTER_POSTGRES_DB": address.path.removeprefix("/"),
        "DAGSTER_POSTGRES_USER": address.username,
    }
    instance["data"]["dagster.yaml"] = instance["data"]["dagster.yaml"].replace("port: 5433", f"port: {address.port}")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "code", "labels": template["metadata"]["labels"]}}
    return [settings, instance, pod | {"spec": spec}]


def test_a_pod_of_the_rendered_manifests_serves_the_code_location(
    podman: Podman, code_image: str, tmp_path: Path
) -> None:
    with postgres() as database:
        file = tmp_path / "code.yaml"
        file.write_text(yaml.safe_dump_all(_objects_of_pod(code_image, database)), encoding="utf-8")
        keys = dict.fromkeys(("DAGSTER_POSTGRES_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "eA==")
        (tmp_path / "secret.json").write_text(json.dumps(keys), encoding="utf-8")  # as podman 4 keeps one of Kubernetes
        podman.run("secret", "create", "geocrop-secrets", str(tmp_path / "secret.json"))
        try:
            podman.run("play", "kube", "--network=host", str(file))
            name = "code-geocrop-code"
            check = ("exec", name, "dagster", "api", "grpc-health-check", "--port=4000")
            try:
                wait_until(lambda: podman.run(*check, check=False).returncode == 0, "the code location", 180)
            except Exception:
                print(podman.run("logs", name, check=False).stderr[-3000:])  # noqa: T201  # the reason
                raise
            state = json.loads(podman.run("inspect", name).stdout)[0]
            assert state["HostConfig"]["ReadonlyRootfs"] is True
            assert state["HostConfig"]["Memory"] == 512 * 2**20
            assert podman.run("exec", name, "id", "-u").stdout.strip() == "10001"
        finally:
            podman.run("play", "kube", "--down", str(file), check=False)
            podman.run("secret", "rm", "geocrop-secrets", check=False)
