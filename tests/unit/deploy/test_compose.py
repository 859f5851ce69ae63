"""deploy/compose.yaml: valid, hardened, and of one mind with the settings, Dagster's instance and the manifests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from compose_spec import PyCompose
from pydantic import AliasChoices

from resources.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
MAKE_SECRETS = DEPLOY / "make_secrets.py"
OURS = {"migrate", "mlflow", "code", "webserver", "daemon", "lane", "api", "exporter"}
OTHERS = {"postgis", "minio", "minio-setup", "titiler", "prometheus"}
#: Those that do their work and end.
ENDING = {"minio-setup", "migrate"}
PROFILES = {"titiler": "titiler", "exporter": "prometheus", "prometheus": "prometheus"}
#: Variables of libraries and servers, which are no settings of ours.
FOREIGN = re.compile(r"(MLFLOW|AWS|MINIO|GDAL|PG|POSTGRES)[A-Z0-9_]*|HOME|GOMEMLIMIT")
UNITS = {"m": 1, "g": 1024}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """Return the file with the defaults of its variables, as compose reads it where none is set."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (DEPLOY / "compose.yaml").read_text())
    assert "${" not in text
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Return what the env files hold, by file name."""
    folder = tmp_path_factory.mktemp("made") / "secrets"
    make("compose", folder)
    return {path.name: dict(line.split("=", 1) for line in path.read_text().splitlines()) for path in folder.iterdir()}


def make(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(MAKE_SECRETS), *map(str, words)], capture_output=True, text=True, check=False, timeout=60
    )


def instance(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())
    return found


def setting_names() -> set[str]:
    found = set()
    for name, field in Settings.model_fields.items():
        found.add(f"GEOCROP_{name.upper()}")
        if isinstance(field.validation_alias, AliasChoices):
            found |= {str(choice) for choice in field.validation_alias.choices}
    return found


def urls(environment: dict[str, str]) -> Iterator[tuple[str, str, int]]:
    """Yield variable, host and port of each address on this machine or among the containers."""
    for name, value in environment.items():
        parts = urlsplit(value)
        if parts.scheme in {"http", "https"} and parts.port is not None:
            yield name, str(parts.hostname), parts.port


def test_it_is_what_the_specification_allows(compose: dict[str, Any]) -> None:
    PyCompose.from_json(json.dumps(compose))
    api = compose["services"]["api"]
    for wrong in ({"helthcheck": {}}, {"mem_limit": "4 potatoes"}, {"depends_on": {"code": {"condition": "healthy"}}}):
        services = compose["services"] | {"api": api | wrong}
        with pytest.raises(ValueError, match=r"helthcheck|potatoes|healthy"):
            PyCompose.from_json(json.dumps(compose | {"services": services}))


def test_who_is_waited_for_is_there_and_tells_when_it_is_ready(services: dict[str, dict[str, Any]]) -> None:
    for one in services.values():
        for name, how in one.get("depends_on", {}).items():
            ends = services[name]["restart"] == "no"
            assert how["condition"] == ("service_completed_successfully" if ends else "service_healthy")
            assert services[name].get("profiles") in (None, one.get("profiles"))


def files_of(service: dict[str, Any], *, required: bool = True) -> list[str]:
    """Return the files that a container's environment is read from, or those that may be missing."""
    files = [{"path": one} if isinstance(one, str) else one for one in service.get("env_file", ())]
    return [one["path"] for one in files if one.get("required", True) is required]


def given_to(service: dict[str, Any], secrets: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return a container's environment: of several files that have a variable the last one counts."""
    found: dict[str, str] = {}
    for file in files_of(service):
        found |= secrets[Path(file).name]
    found |= service.get("environment", {})
    return found


def test_databases_are_migrated_before_any_program_of_ours_starts(services: dict[str, dict[str, Any]]) -> None:
    done = {"condition": "service_completed_successfully"}
    for name in OURS - {"migrate"}:
        waits = services[name]["depends_on"]
        assert waits.get("migrate") == done or waits["code"]["condition"] == "service_healthy", name
    assert services["code"]["depends_on"]["migrate"] == done


def test_the_migration_is_that_of_kubernetes(
    services: dict[str, dict[str, Any]], secrets: dict[str, dict[str, str]]
) -> None:
    made = yaml.safe_load_all((DEPLOY / "migrate" / "k8s" / "job.yaml").read_text())
    (job,) = [one for one in made if one["kind"] == "Job"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    migrate = services["migrate"]
    assert migrate["command"] == container["args"]
    given = given_to(migrate, secrets)
    for one in container["env"]:
        source = one["valueFrom"]["secretKeyRef"]
        assert given[one["name"]] == secrets[f"{source['name']}.env"][source["key"]]
    whole = [one["secretRef"]["name"] for one in container["envFrom"] if "secretRef" in one]
    for name in whole:  # the keys of the store among them, which MLflow's file has as well
        assert given | secrets[f"{name}.env"] == given
    assert services["code"]["volumes"][:2] == migrate["volumes"], "Dagster's instance is the same"


def test_it_has_the_production_parts_and_optional_ones_by_profile(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == OURS | OTHERS
    assert {name: one["profiles"][0] for name, one in services.items() if "profiles" in one} == PROFILES


def test_every_container_is_hardened_bounded_and_watched(services: dict[str, dict[str, Any]]) -> None:
    for name, one in services.items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert one["mem_limit"], name
        assert one["cpus"], name
        assert ("healthcheck" in one) is (name not in ENDING), name
        assert one["restart"] == ("no" if name in ENDING else "unless-stopped"), name


def test_images_are_pinned_and_those_that_production_has(services: dict[str, dict[str, Any]]) -> None:
    overlay = yaml.safe_load((DEPLOY / "k8s" / "overlays" / "prod" / "kustomization.yaml").read_text())
    production = {one["name"]: one["newTag"] for one in overlay["images"]}
    component = (DEPLOY / "k8s" / "components" / "titiler" / "titiler.yaml").read_text()
    production |= dict(re.findall(r"image: (\S+titiler):(\S+)", component))
    for name, one in services.items():
        image, tag = one["image"].split(":", 1)
        if name in OURS:
            assert (ROOT / one["build"]["dockerfile"]).is_file()
            assert image.removeprefix("geocrop-") == Path(one["build"]["dockerfile"]).stem
            assert image in production
            continue
        assert re.search(r"\d", tag), name
        assert production.get(image, tag) == tag, name


def test_nothing_is_published_beyond_this_machine_unless_asked_for(services: dict[str, dict[str, Any]]) -> None:
    for name, one in services.items():
        for port in one.get("ports", ()):
            assert port.startswith("127.0.0.1:"), name


def test_every_variable_is_a_setting_or_read_by_dagster_s_instance(
    services: dict[str, dict[str, Any]], secrets: dict[str, dict[str, str]]
) -> None:
    read = set(re.findall(r"env: (\w+)", (DEPLOY / "compose" / "dagster.yaml").read_text()))
    known = setting_names() | read
    for name, one in services.items():
        given = given_to(one, secrets)
        unknown = {variable for variable in given if variable not in known and not FOREIGN.fullmatch(variable)}
        if name in {"minio", "minio-setup"}:  # the same Secret has the server's account and its users'
            script = (DEPLOY / "k8s" / "base" / "minio" / "setup.sh").read_text()
            unknown = {variable for variable in unknown if f"${variable}" not in script}
        if name == "postgis":
            unknown = {one for one in unknown if not re.fullmatch("(DAGSTER|MLFLOW|GEOCROP)_PASSWORD", one)}
        assert unknown == set(), name
        if name in OURS - {"mlflow", "api"}:
            assert read <= set(given), name


def test_addresses_are_of_services_that_listen_there(services: dict[str, dict[str, Any]]) -> None:
    listens = {"minio": 9000, "mlflow": 5000, "code": 4000, "webserver": 3000, "lane": 3080, "api": 8000}
    for name in ("mlflow", "code", "webserver"):
        assert f"--port={listens[name]}" in [str(word) for word in services[name]["command"]]
    assert services["lane"]["command"] == ["geocrop", "lane", "--host=0.0.0.0"]  # at the port of GEOCROP_LANE_URL
    published = {int(port.split(":")[1]) for one in services.values() for port in one.get("ports", ())}
    for name, host, port in urls(services["code"]["environment"]):
        assert port in (published if host == "127.0.0.1" else {listens[host]}), name
    [location] = yaml.safe_load((DEPLOY / "compose" / "workspace.yaml").read_text())["load_from"]
    assert location["grpc_server"] == {"host": "code", "port": listens["code"], "location_name": "geocrop"}


def test_dagster_s_instance_stores_as_in_production_and_runs_as_on_a_laptop(
    services: dict[str, dict[str, Any]],
) -> None:
    ours, production, local = (
        instance(name) for name in ("compose/dagster.yaml", "dagster/production.yaml", "dagster/local.yaml")
    )
    assert ours["storage"] == production["storage"]
    assert ours["compute_logs"] == production["compute_logs"]
    rest = {name: one for name, one in ours.items() if name not in {"storage", "compute_logs"}}
    assert rest == local
    port = ours["storage"]["postgres"]["postgres_db"]["port"]
    assert services["postgis"]["environment"]["PGPORT"] == str(port)
    assert services["code"]["environment"]["DAGSTER_POSTGRES_HOST"] == "postgis"
    # The launcher looks at processes, which the daemon must see.
    assert services["daemon"]["pid"] == f"container:{services['code']['container_name']}"


def test_what_prometheus_scrapes_is_a_service(services: dict[str, dict[str, Any]]) -> None:
    scraped = yaml.safe_load((DEPLOY / "observability" / "prometheus.yml").read_text())["scrape_configs"]
    targets = {target for job in scraped for one in job["static_configs"] for target in one["targets"]}
    assert targets == {"api:8000", "exporter:9180", "minio:9000"}
    assert "--port=9180" in services["exporter"]["command"]


def test_mounted_files_are_in_the_repository(services: dict[str, dict[str, Any]]) -> None:
    mounted = [
        volume.split(":")[0] for one in services.values() for volume in one.get("volumes", ()) if volume.startswith(".")
    ]
    assert mounted
    for path in mounted:
        assert (DEPLOY / path).exists(), path
    setup = (DEPLOY / "k8s" / "base" / "minio" / "setup.sh").read_text()
    beside = {volume.split(":")[1] for volume in services["minio-setup"]["volumes"]}
    for policy in re.findall(r"^add_user (\w+)", setup, re.MULTILINE):
        assert f"/setup/{policy}.json" in beside
    for file in re.findall(r'"\$folder/([\w-]+\.json)"', setup):
        assert f"/setup/{file}" in beside


def test_the_lane_has_room_for_a_process_more_than_its_slots(services: dict[str, dict[str, Any]]) -> None:
    limit = services["lane"]["mem_limit"]
    settings = Settings()
    assert int(limit[:-1]) * UNITS[limit[-1]] >= (settings.lane_slots + 1) * settings.lane_memory_mb


def test_secrets_are_for_their_owner_alone_and_never_written_twice(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert make("compose", folder).returncode == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    before = {path.name: path.read_text() for path in folder.iterdir()}
    again = make("compose", folder)
    assert (again.returncode, "there already" in again.stderr) == (0, True)
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    (folder / "minio.env").unlink()
    partly = make("compose", folder)
    assert partly.returncode == 1
    assert "but not all" in partly.stderr
    assert not (folder / "minio.env").exists()


def test_the_exporter_sees_the_backups_that_the_page_makes(services: dict[str, dict[str, Any]]) -> None:
    (file,) = files_of(services["exporter"], required=False)
    page = (ROOT / "docs" / "operate.md").read_text()
    assert f"cd deploy/{Path(file).parent} &&" in page
    assert f". ./{Path(file).name}" in page


def test_servers_and_clients_have_the_same_passwords(secrets: dict[str, dict[str, str]]) -> None:
    postgis, minio, ours = secrets["postgis.env"], secrets["minio.env"], secrets["geocrop-secrets.env"]
    assert urlsplit(secrets["geocrop-api.env"]["GEOCROP_DATABASE"]).password == postgis["GEOCROP_PASSWORD"]
    assert urlsplit(secrets["mlflow.env"]["MLFLOW_BACKEND_STORE_URI"]).password == postgis["MLFLOW_PASSWORD"]
    assert ours["DAGSTER_POSTGRES_PASSWORD"] == postgis["DAGSTER_PASSWORD"]
    assert (ours["AWS_ACCESS_KEY_ID"], ours["AWS_SECRET_ACCESS_KEY"]) == (minio["GEOCROP_KEY"], minio["GEOCROP_SECRET"])
    made = [value for lines in secrets.values() for value in lines.values() if re.fullmatch(r"[0-9a-f]{48,}", value)]
    assert (
        len(set(made)) == len(made) - 4
    )  # Dagster's, MLflow's, and the store's of the platform in two places; the rest are their own


def test_env_files_that_are_read_are_made_and_kept_out_of_git(
    services: dict[str, dict[str, Any]], secrets: dict[str, dict[str, str]]
) -> None:
    read = {file for one in services.values() for file in files_of(one)}
    assert {Path(file).name for file in read} == set(secrets)
    read |= {file for one in services.values() for file in files_of(one, required=False)}
    assert {Path(file).parent for file in read} == {Path("compose/secrets")}
    ignored = subprocess.run(["git", "check-ignore", *sorted(f"deploy/{file}" for file in read)], cwd=ROOT, check=False)
    assert ignored.returncode == 0


def test_secrets_that_are_made_may_be_taken_over_by_sealed_ones() -> None:
    for one in json.loads(make("kubernetes").stdout)["items"]:
        assert one["metadata"]["annotations"] == {"sealedsecrets.bitnami.com/managed": "true"}, one["metadata"]["name"]


def test_the_secrets_that_the_manifests_name_are_made_with_their_keys() -> None:
    made = {
        one["metadata"]["name"]: set(one["stringData"]) for one in yaml.safe_load(make("kubernetes").stdout)["items"]
    }
    texts = [path.read_text() for path in sorted((DEPLOY / "k8s" / "base").rglob("*.yaml"))]
    whole = {name for text in texts for name in re.findall(r"secretRef: \{name: ([\w-]+)", text)}
    keys = {found for text in texts for found in re.findall(r"secretKeyRef: \{name: ([\w-]+), key: (\w+)\}", text)}
    assert whole
    assert keys
    assert whole <= set(made)
    for name, key in keys:
        assert key in made[name], name
    databases = (DEPLOY / "k8s" / "base" / "postgis" / "databases.sh").read_text()
    for name in re.findall(r"for name in ([\w ]+);", databases)[0].split():
        assert f"{name.upper()}_PASSWORD" in made["postgis"]
    setup = (DEPLOY / "k8s" / "base" / "minio" / "setup.sh").read_text()
    assert set(re.findall(r"\$([A-Z_]+_(?:KEY|SECRET|USER|PASSWORD))", setup)) <= made["minio"]
