"""Podman with a storage of its own, which goes when the tests end; and base images where no registry is reached."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

REPO = Path(__file__).resolve().parents[2]
NEEDED = ("podman", "runc", "catatonit", "mmdebstrap")
#: How a container runs on Kubernetes: nothing to write but /tmp, no capabilities, no way to gain rights.
HARDENED = (
    "--read-only",
    "--tmpfs=/tmp:rw,size=1g,mode=1777",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--ulimit=host",
)
BUILD_SECONDS = 1800
RUN_SECONDS = 300


@dataclass(frozen=True)
class Podman:
    """Podman below a folder, with the limits that this machine lets a container have."""

    folder: Path

    def run(self, *words: str, timeout: float = RUN_SECONDS, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `podman <words>`."""
        command = [
            "podman",
            f"--root={self.folder / 'storage'}",
            f"--runroot={self.folder / 'run'}",
            "--storage-driver=overlay",
            "--cgroup-manager=cgroupfs",
            "--runtime=runc",
            *words,
        ]
        environment = os.environ | {"CONTAINERS_CONF": str(self._configuration())}
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=timeout, cwd=REPO, env=environment
        )
        assert not check or done.returncode == 0, (
            f"podman {' '.join(words)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        )
        return done

    def _configuration(self) -> Path:
        """Write the limits of containers: without the right to raise its own, a process hands on what it has."""
        path = self.folder / "containers.conf"
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        limits = f'default_ulimits = ["nofile={files}:{files}", "nproc=4096:4096"]'
        path.write_text(f'[containers]\n{limits}\n[engine]\nruntime = "runc"\n', encoding="utf-8")
        return path

    def build(self, role: str, **arguments: str) -> str:
        """Build an image of ours; return its name."""
        name = f"localhost/geocrop-{role}:test"
        given = [f"--build-arg={key}={value}" for key, value in arguments.items()]
        self.run(
            "build",
            "--format=docker",
            "--network=host",
            "--volume=/etc/ssl/certs:/etc/ssl/certs:ro",  # of a machine whose proxy has a certificate of its own
            *given,
            f"--file=deploy/images/{role}.Dockerfile",
            f"--tag={name}",
            ".",
            timeout=BUILD_SECONDS,
        )
        return name

    def image_of(self, tree: Path, name: str, *, base: str = "scratch", after: str = "") -> str:
        """Make an image of a folder's files upon another image."""
        with TemporaryDirectory(dir=self.folder) as context:
            subprocess.run(["tar", "-C", tree, "-cf", f"{context}/root.tar", "."], check=True, timeout=300)
            text = f"FROM {base}\nADD root.tar /\n{after}\n"
            (Path(context) / "Dockerfile").write_text(text, encoding="utf-8")
            self.run("build", "--network=host", f"--tag={name}", context, timeout=600)
        return name


@contextmanager
def opened() -> Iterator[Podman]:
    """Give a podman of one's own; what it has made goes at the end."""
    with TemporaryDirectory(prefix="geocrop-podman-", ignore_cleanup_errors=True) as folder:
        podman = Podman(Path(folder))
        try:
            yield podman
        finally:
            podman.run("rm", "--all", "--force", check=False)
            podman.run("rmi", "--all", "--force", check=False)
            subprocess.run(
                ["umount", "--lazy", f"{folder}/storage/overlay"], check=False, capture_output=True, timeout=60
            )


def python_image(podman: Podman) -> str:
    """Make what stands for `python:3.11-slim-bookworm`: Debian with its own Python, from Debian's packages."""
    with TemporaryDirectory(dir=podman.folder) as root:
        include = "--include=python3,python3-venv,ca-certificates"
        command = ["mmdebstrap", "--quiet", "--variant=minbase", include, "bookworm", root]
        subprocess.run(command, check=True, capture_output=True, timeout=900)
        (Path(root) / "usr/local/bin/python3").symlink_to("/usr/bin/python3")
        for kept in ("var/cache/apt", "var/lib/apt/lists"):
            shutil.rmtree(Path(root) / kept, ignore_errors=True)
        return podman.image_of(Path(root), "localhost/python:3.11")


def node_image(podman: Podman, base: str) -> str:
    """Make what stands for `node:20-bookworm-slim`, of this machine's Node.js."""
    # Asked of the programs themselves: what is found by name may be a script that starts them, as of Python's package.
    node, modules = _said("node", "-p", "process.execPath"), _said("npm", "root", "--global")
    with TemporaryDirectory(dir=podman.folder) as root:
        package = Path(modules) / "npm"
        target = Path(root) / "usr/lib/node_modules/npm"
        shutil.copytree(package, target, symlinks=True)
        (Path(root) / "usr/bin").mkdir()
        shutil.copy(node, Path(root) / "usr/bin/node")
        (Path(root) / "usr/bin/npm").symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
        after = (
            "RUN apt-get update && apt-get install --yes --no-install-recommends libstdc++6\n"
            "ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt"
        )
        return podman.image_of(Path(root), "localhost/node:20", base=base, after=after)


def _said(*words: str) -> str:
    assert shutil.which(words[0]), f"{words[0]} of Node.js is needed"
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
