"""deploy/bootstrap against programs that write down how they are called: once, twice, cut off, and as a rehearsal."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.deploy.bootstrap_server import DEPLOYED, ROOT, Server, empty_server

PINNED = re.compile(r"^(?P<name>[A-Z0-9]+)_SHA256=(?P<digest>[0-9a-f]{64}) ", re.MULTILINE)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return empty_server(tmp_path)


@pytest.fixture(scope="module")
def shellcheck() -> Path:
    return Path(sys.executable).with_name("shellcheck")


def test_the_script_passes_shellcheck(shellcheck: Path) -> None:
    done = subprocess.run(
        [str(shellcheck), str(ROOT / "deploy" / "bootstrap")], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout


def test_an_empty_server_becomes_a_platform_and_a_second_run_changes_nothing(server: Server) -> None:
    done = server.run("--admin", "rita")
    assert done.returncode == 0, done.stdout + done.stderr
    acts = [
        "apt-get install",
        "curl -fsSL --retry 3 -o",
        "systemctl restart k3s",
        "kubectl apply -f deploy/argocd/install/argo-cd.yaml",
        "terraform -chdir=deploy/terraform apply",
        "kubectl -n geocrop apply --server-side",
        "kubectl apply -k deploy/argocd/node -l geocrop/first=yes",
        "geocrop-users add rita --role admin --password-stdin",
    ]
    changes = server.changes()
    at = [next(number for number, line in enumerate(changes) if act in line) for act in acts]
    assert at == sorted(at)
    made = server.secrets()
    accounts = {"monitoring-grafana-admin", "gitea-gitea-admin", "geocrop-first-admin"}
    assert {f"secret-{one}" for one in accounts} <= set(made)
    assert all("sealedsecrets.bitnami.com/managed" in text for text in made.values())  # may be sealed later
    assert (server.folder / "system/etc/rancher/k3s/config.yaml").stat().st_mode & 0o077 == 0
    placed = server.folder / "system/var/lib/rancher/k3s/server/manifests/traefik-config.yaml"
    assert placed.read_text() == (ROOT / "deploy/k3s/traefik-config.yaml").read_text()
    assert placed.parents[1].stat().st_mode & 0o077 == 0  # K3s keeps its keys there

    before = server.secrets()
    again = server.run("--admin", "rita")
    assert again.returncode == 0, again.stderr
    assert server.changes() == []
    assert server.secrets() == before


def test_no_secret_is_shown_or_given_as_a_word(server: Server) -> None:
    done = server.run()
    words = [part for text in server.secrets().values() for part in text.replace('"', " ").replace("=", " ").split()]
    made = {word for word in words if len(word) >= 32}
    assert len(made) >= 10
    for shown in (done.stdout, done.stderr, "\n".join(server.log)):
        assert not any(word in shown for word in made)


def test_a_rehearsal_calls_nothing_writes_nothing_and_shows_every_step(server: Server) -> None:
    before = sorted(str(path) for path in server.folder.rglob("*"))
    done = server.run("--dry-run")
    assert done.returncode == 0, done.stderr
    assert server.log == []
    assert sorted(str(path) for path in server.folder.rglob("*")) == before
    steps = [line.removeprefix("== ") for line in done.stdout.splitlines() if line.startswith("== ")]
    assert len(steps) == 12
    real = server.run()
    assert [line.removeprefix("== ") for line in real.stdout.splitlines() if line.startswith("== ")] == steps
    shown = [line for line in done.stdout.splitlines() if line.startswith("   + ")]
    assert shown == [line for line in real.stdout.splitlines() if line.startswith("   + ")]


@pytest.mark.parametrize(
    "at",
    ["systemctl enable", "--server-side", "users add"],
)
def test_a_run_that_was_cut_off_goes_on_where_it_stopped(server: Server, at: str) -> None:
    assert server.run(STUB_FAILS_AT=at).returncode != 0
    kept = {name: text for name, text in server.secrets().items() if text}
    done = server.run()
    assert done.returncode == 0, done.stderr
    assert kept.items() <= server.secrets().items()
    assert (server.folder / "state" / "users").exists()
    server.run()
    assert server.changes() == []


def test_what_is_not_what_its_checksum_says_is_not_installed(server: Server) -> None:
    done = server.run(STUB_TAMPERED="x")
    assert done.returncode == 1
    assert "is not what it was when its checksum was put into deploy/bootstrap" in done.stderr
    assert not (server.folder / "system/usr/local/bin/k3s").exists()
    assert [line for line in server.log if "curl" in line and "sha256sum" in line.lower()] == []


def test_each_program_that_is_fetched_has_its_checksum_in_git() -> None:
    text = (ROOT / "deploy" / "bootstrap").read_text()
    pinned = {one["name"]: one["digest"] for one in PINNED.finditer(text)}
    assert set(pinned) == set(re.findall(r"^([A-Z0-9]+)_VERSION=", text, re.MULTILINE))
    assert len(set(pinned.values())) == len(pinned)
    fetched = re.findall(r'^ +fetch "[^"]+" "\$(\w+)_SHA256" ', text, re.MULTILINE)
    assert sorted(fetched) == sorted(pinned)
    assert len(re.findall(r"\bcurl -", text)) == 1  # nothing comes past that check


def test_another_version_replaces_k3s_and_restarts_it_once(server: Server) -> None:
    assert server.run().returncode == 0
    script = server.folder / "deploy" / "k3s" / "config.yaml"
    script.write_text(script.read_text() + "disable: [servicelb]\n")
    assert server.run().returncode == 0
    assert server.changes() == ["systemctl daemon-reload", "systemctl enable k3s", "systemctl restart k3s"]


def test_a_certificate_is_put_in_once_and_replaced_by_another(server: Server) -> None:
    certificate, key = server.folder / "tls.crt", server.folder / "tls.key"
    certificate.write_text("first")
    key.write_text("key")
    words = ("--certificate", str(certificate), "--key", str(key))
    assert "none given" in server.run().stdout
    assert server.run(*words).returncode == 0
    namespaces = ["geocrop", "gitea", "monitoring"]  # each with an ingress that names the secret
    assert [line.split()[3:5] for line in server.changes()] == [[one, "create"] for one in namespaces]
    assert server.run(*words).returncode == 0
    assert server.changes() == []
    assert "none given" not in server.run().stdout
    certificate.write_text("second")
    assert server.run(*words).returncode == 0
    done = [[one, verb] for one in namespaces for verb in ("delete", "create")]
    assert [line.split()[3:5] for line in server.changes()] == done
    key.unlink()
    assert server.run(*words).returncode == 2


def test_what_differs_of_traefik_is_put_in_again_without_a_restart(server: Server) -> None:
    assert server.run().returncode == 0
    placed = server.folder / "system/var/lib/rancher/k3s/server/manifests/traefik-config.yaml"
    placed.write_text("somebody's own")
    assert server.run().returncode == 0
    assert placed.read_text() == (ROOT / "deploy/k3s/traefik-config.yaml").read_text()
    assert server.changes() == []


def test_the_end_says_that_nothing_is_backed_up_until_something_is(server: Server) -> None:
    last = server.run().stdout.splitlines()[-1]
    assert "geocrop-backup" in last
    page = "docs/operate.md"
    assert page in last
    assert '"Back up"' in last
    text = (ROOT / page).read_text()
    assert "\n## Back up\n" in text
    assert "create secret generic geocrop-backup" in text
    (server.folder / "state" / "secret-geocrop-geocrop-backup").write_text("made")
    assert "geocrop-backup" not in server.run().stdout


@pytest.mark.parametrize("trouble", ["user", "memory", "cpus", "repository", "registry", "host", "example", "word"])
def test_a_server_that_cannot_hold_it_is_refused_before_anything_is_done(server: Server, trouble: str) -> None:
    words, told, says = [], {}, ""
    if trouble == "user":
        told, says = {"STUB_UID": "1000"}, "run it as root"
    elif trouble == "memory":
        (server.folder / "system" / "proc" / "meminfo").write_text("MemTotal: 7800000 kB\n")
        says = "8 GB of memory (7700 MiB) are needed, there are 7617"
    elif trouble == "cpus":
        (server.folder / "system" / "proc" / "cpuinfo").write_text("processor\t: 0\n" * 2)
        says = "4 CPUs are needed, there are 2"
    elif trouble == "registry":
        path = server.folder / "deploy" / "k8s" / "overlays" / "prod" / "kustomization.yaml"
        path.write_text(path.read_text().replace("farm.test", "example.org"))
        says = "put your image registry into"
    elif trouble == "host":
        path = server.folder / "deploy" / "k8s" / "overlays" / "prod" / "settings.env"
        path.write_text("GEOCROP_HOST=maps.farm.test\n")
        says = "put GEOCROP_FILES_HOST into"
    elif trouble == "example":
        path = server.folder / "deploy" / "k8s" / "overlays" / "prod" / "settings.env"
        path.write_text("GEOCROP_HOST=maps.farm.test\nGEOCROP_FILES_HOST=files.maps.example.org\n")
        says = "put GEOCROP_FILES_HOST into"
    elif trouble == "repository":
        path = server.folder / "deploy" / "argocd" / "repository" / "repository.yaml"
        path.write_text(path.read_text().replace("git.farm.test", "git.example.org"))
        says = "put your repository's address into"
    else:
        words, says = ["--instalation", "node"], "unknown: --instalation"
    done = server.run(*words, **told)
    assert done.returncode != 0
    assert says in done.stderr
    assert server.changes() == []


def test_registries_that_differ_are_refused_before_anything_but_packages_is_installed(server: Server) -> None:
    path = server.folder / "deploy" / "argocd" / "values" / "jupyterhub.yaml"
    path.write_text(path.read_text().replace("gitea.farm.test", "gitea.example.org"))
    done = server.run()
    assert done.returncode == 1
    assert "geocrop-notebook is at" in done.stderr
    assert "put one registry into all of these files" in done.stderr
    assert not [line for line in server.changes() if not line.startswith("apt-get ")]


def test_bootstrap_and_ci_read_the_same_files() -> None:
    text = (ROOT / "deploy" / "bootstrap").read_text()
    [files] = re.findall(r"^DEPLOYED=\(\n(.*?)^\)", text, re.MULTILINE | re.DOTALL)
    assert files.split() == list(DEPLOYED)


@pytest.mark.parametrize("name", ["a", "Rita", "rita'; reboot", "r ita"])
def test_a_name_that_no_user_can_have_is_refused(server: Server, name: str) -> None:
    done = server.run("--admin", name)
    assert done.returncode == 2
    assert "--admin is a name of" in done.stderr
    assert server.log == []


def test_gitea_s_account_has_a_name_that_gitea_takes_whatever_the_administrator_is_called(server: Server) -> None:
    """It reserves `admin`, `user` and others, and does not start with them (go-gitea/gitea#31963)."""
    assert server.run("--admin", "admin").returncode == 0
    assert "username: root" in server.secrets()["secret-gitea-gitea-admin"].replace('"', "")


def test_a_platform_that_does_not_come_up_tells_where_to_look_and_to_run_again(server: Server) -> None:
    done = server.run(STUB_FAILS_AT="Healthy application/geocrop")
    assert done.returncode == 1
    for told in ("get applications", "get pods", "ImagePullBackOff", "run this again"):
        assert told in done.stderr
    assert server.run().returncode == 0
