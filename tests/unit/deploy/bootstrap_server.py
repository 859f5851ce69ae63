"""A server for deploy/bootstrap: programs that write down how they are called, a folder for its disk, a clone."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.unit.deploy.ci_scripts import deployed

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ("apt-get", "curl", "df", "dpkg-query", "id", "k3s", "systemctl", "terraform", "uname", "unzip")
#: What deploy/README.md asks an installation to say; all other addresses follow from it.
HOSTS = ("GEOCROP_HOST", "GEOCROP_FILES_HOST")
#: Files with an address of an image of ours: those that the workflow bumps.
DEPLOYED = tuple(deployed())
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
    "k3s kubectl kustomize ",
    "k3s ctr images ls",
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


def empty_server(tmp_path: Path) -> Server:
    """Return a server with a clone whose hosts and registry, one that is elsewhere, are written already."""
    found = cloned(tmp_path)
    with (tmp_path / "deploy/k8s/overlays/prod/settings.env").open("a") as settings:
        settings.writelines(f"{name}=maps.farm.test\n" for name in HOSTS)
    for path in (*DEPLOYED, "deploy/argocd/repository/repository.yaml"):
        file = tmp_path / path
        file.write_text(re.sub(r"(gitea|git)\.example\.org", r"\1.farm.test", file.read_text()))
    return found


def cloned(tmp_path: Path) -> Server:
    """Return a server with a clone of the repository as it is."""
    for name in ("bin", "state", "system/proc", "system/usr/local/bin"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "system" / "proc" / "meminfo").write_text("MemTotal:        8000000 kB\n")
    (tmp_path / "system" / "proc" / "cpuinfo").write_text("processor\t: 0\nmodel name\t: any\n" * 4)
    stub = Path(__file__).with_name("stub_program.sh")
    for name in PROGRAMS:
        shutil.copy(stub, tmp_path / "bin" / name)
        (tmp_path / "bin" / name).chmod(0o755)
    python = tmp_path / "bin" / "python3"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    for name in ("argocd", "ci", "k3s", "terraform"):
        shutil.copytree(ROOT / "deploy" / name, tmp_path / "deploy" / name)
    for name in ("bootstrap", "make_secrets.py"):
        shutil.copy(ROOT / "deploy" / name, tmp_path / "deploy" / name)
    pin_what_the_stub_gives(tmp_path / "deploy" / "bootstrap")
    for name in ("prod", "dev", "cluster"):
        shutil.copytree(ROOT / "deploy/k8s/overlays" / name, tmp_path / "deploy/k8s/overlays" / name)
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
