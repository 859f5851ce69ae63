"""deploy/bootstrap against programs that write down how they are called: once, twice, cut off, and as a rehearsal."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ("apt-get", "curl", "df", "dpkg-query", "id", "k3s", "systemctl", "terraform", "uname", "unzip")
#: What deploy/README.md asks an installation to say; all other addresses follow from it.
HOSTS = ("GEOCROP_HOST", "GEOCROP_FILES_HOST")
PINNED = re.compile(r"^(?P<name>[A-Z0-9]+)_SHA256=(?P<digest>[0-9a-f]{64}) ", re.MULTILINE)
#: Calls that only look; whatever else is called changes something.
LOOKS = (
    "df ",
    "dpkg-query ",
    "id ",
    "uname ",
    "k3s --version",
    "k3s kubectl get ",
    "k3s kubectl wait ",
    "k3s kubectl diff ",
    "systemctl is-active ",
    "terraform version",
    "terraform -chdir=deploy/terraform init ",  # fetches what the lock file names, and changes nothing of the cluster
    "terraform -chdir=deploy/terraform plan ",
)
NAMESPACED_LOOKS = (" get ", " wait ", " rollout status ", "geocrop-users list")


@dataclass(frozen=True)
class Server:
    """An empty server: a folder for its root directory, stubs for its programs, and the repository."""

    folder: Path

    @property
    def log(self) -> list[str]:
        path = self.folder / "state" / "log"
        return path.read_text().splitlines() if path.exists() else []

    def changes(self) -> list[str]:
        """Return the calls that changed something."""
        return [
            line
            for line in self.log
            if not line.startswith(LOOKS)
            and not (line.startswith("k3s kubectl -n ") and any(look in line for look in NAMESPACED_LOOKS))
        ]

    def secrets(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in sorted((self.folder / "state").glob("secret-*"))}

    def run(self, *words: str, **told: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "state" / "log").unlink(missing_ok=True)
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "STUB_STATE": str(self.folder / "state"),
            "BOOTSTRAP_SYSTEM": str(self.folder / "system"),
            "BOOTSTRAP_PAUSE": "0",
        }
        return subprocess.run(
            ["bash", str(self.folder / "deploy" / "bootstrap"), *words],
            env=environment | told,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture
def server(tmp_path: Path) -> Server:
    for name in ("bin", "state", "system/proc", "system/usr/local/bin"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "system" / "proc" / "meminfo").write_text("MemTotal:        8000000 kB\n")
    (tmp_path / "system" / "proc" / "cpuinfo").write_text("processor\t: 0\nmodel name\t: any\n" * 4)
    stub = Path(__file__).with_name("stub_program.sh")
    for name in PROGRAMS:
        shutil.copy(stub, tmp_path / "bin" / name)
        (tmp_path / "bin" / name).chmod(0o755)
    for name in ("argocd", "k3s", "terraform"):
        shutil.copytree(ROOT / "deploy" / name, tmp_path / "deploy" / name)
    for name in ("bootstrap", "make_secrets.py"):
        shutil.copy(ROOT / "deploy" / name, tmp_path / "deploy" / name)
    pin_what_the_stub_gives(tmp_path / "deploy" / "bootstrap")
    overlay = tmp_path / "deploy" / "k8s" / "overlays" / "prod"
    shutil.copytree(ROOT / "deploy" / "k8s" / "overlays" / "prod", overlay)
    with (overlay / "settings.env").open("a") as settings:
        settings.writelines(f"{name}=maps.farm.test\n" for name in HOSTS)
    kustomization = overlay / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("example.org", "farm.test"))
    repository = tmp_path / "deploy" / "argocd" / "repository" / "repository.yaml"
    repository.write_text(repository.read_text().replace("git.example.org", "git.farm.test"))
    return Server(tmp_path)


def pin_what_the_stub_gives(script: Path) -> None:
    """Put the checksums of what `curl`'s stub writes in place of the real ones."""
    text = script.read_text()
    said = dict(re.findall(r"^([A-Z0-9]+)_VERSION=(\S+)$", text, re.MULTILINE))
    k3s, terraform = said["K3S"].replace("+", "%2B"), said["TERRAFORM"]
    addresses = {
        "K3S": f"https://github.com/k3s-io/k3s/releases/download/{k3s}/k3s",
        "TERRAFORM": f"https://releases.hashicorp.com/terraform/{terraform}/terraform_{terraform}_linux_amd64.zip",
    }
    for name, address in addresses.items():
        digest = hashlib.sha256(f"what lies at {address}\n".encode()).hexdigest()
        text, changed = re.subn(rf"(?m)^{name}_SHA256=[0-9a-f]{{64}}", f"{name}_SHA256={digest}", text)
        assert changed == 1, name
    script.write_text(text)


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
    assert len(steps) == 10
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
    assert [line.split()[4] for line in server.changes()] == ["create"]
    assert server.run(*words).returncode == 0
    assert server.changes() == []
    assert "none given" not in server.run().stdout
    certificate.write_text("second")
    assert server.run(*words).returncode == 0
    assert [line.split()[4] for line in server.changes()] == ["delete", "create"]
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
