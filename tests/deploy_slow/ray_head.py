"""A Ray of one's own: its locked packages beside this environment's, and a head that knows a token."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.servers import free_port, wait_until

REPO = Path(__file__).resolve().parents[2]
LOCK = REPO / "deploy" / "images" / "locks" / "ray.lock"
START_SECONDS = 90.0
#: Of a head, as deploy/k8s/components/ray has it.
ENVIRONMENT = {"RAY_task_oom_retries": "3", "GRPC_ENABLE_FORK_SUPPORT": "false", "RAY_USAGE_STATS_ENABLED": "0"}
STORE_BYTES = 256 << 20


def install(folder: Path) -> None:
    """Bring the image's Ray and what it needs into a folder."""
    uv = Path(sys.executable).parent / "uv"
    words = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", folder, "--require-hashes"]
    done = subprocess.run([*words, "-r", LOCK], check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]


@dataclass(frozen=True)
class Head:
    """A Ray that runs: where clients connect, and the environment of those whom it lets in."""

    address: str
    environment: dict[str, str]


@contextmanager
def head(packages: Path, home: Path, cores: int) -> Iterator[Head]:
    """Run a head that works itself, whose tasks find the platform in `home`, as the code location's image has them."""
    own = {
        "PYTHONPATH": f"{REPO}{os.pathsep}{packages}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "GEOCROP_HOME": str(home),
    }
    environment = os.environ | ENVIRONMENT | own
    port, folder = free_port(), tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # sockets' paths must be short
    ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", f"--num-cpus={cores}"]
    words = ["env", "--default-signal=INT", *ray]  # a shell's background job ignores it, by which Ray cancels tasks
    given = ["--port=0", f"--ray-client-server-port={port}", "--include-dashboard=false", f"--temp-dir={folder}"]
    sized = [f"--object-store-memory={STORE_BYTES}"]
    with (Path(folder) / "said").open("wb") as said:
        process = subprocess.Popen([*words, *given, *sized], env=environment, stdout=said, stderr=said)
        try:
            wait_until(lambda: process.poll() is not None or _listens(port), "Ray's head", START_SECONDS)
            assert process.poll() is None, (Path(folder) / "said").read_text()[-2000:]
            yield Head(f"ray://127.0.0.1:{port}", environment)
        finally:
            process.terminate()  # it ends all that it has started
            process.wait(60)
            shutil.rmtree(folder, ignore_errors=True)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
