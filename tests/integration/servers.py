"""Real servers for tests, each private to one test session: Ceph's S3 gateway and PostgreSQL.

Each is a context manager: started on free ports of 127.0.0.1 in a temporary folder, stopped and removed at the end,
also after a failure. A missing program skips the test with the program's name; where `CI` is set it fails instead.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

START_SECONDS = 60.0
STOP_SECONDS = 10.0

CEPH_PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
POSTGRES_PATH = "/usr/lib/postgresql/15/bin:/usr/lib/postgresql/16/bin:/usr/lib/postgresql/17/bin"

CEPH_CONF = """
[global]
fsid = {fsid}
keyring = {home}/keyring
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
mon host = v2:127.0.0.1:{mon_port}
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = {home}/run
admin socket = {home}/run/$cluster-$name.asok
pid file = {home}/run/$name.pid
log file = {home}/log/$name.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail warn = 1
mon data avail crit = 0
mon mgr beacon grace = 3600
paxos propose interval = 0.05
paxos min wait = 0.01
osd objectstore = memstore
memstore device bytes = 6442450944
osd memory target = 939524096
mgr initial modules =
[mon.a]
mon data = {home}/mon.a
[osd.0]
osd data = {home}/osd.0
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw data = {home}/rgw
rgw enable usage log = false
rgw gc max objs = 8
debug rgw = 0/0
"""


@dataclass(frozen=True)
class S3Server:
    """Where a test's S3 server listens, and its keys; `stop` ends its gateway for a test of a dead server."""

    endpoint: str
    access_key: str
    secret_key: str


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def find_programs(names: tuple[str, ...], package: str, extra_path: str = "") -> dict[str, str]:
    """Return the path of each program, or skip the test (fail it where CI is set) naming the missing one."""
    path = f"{os.environ.get('PATH', '')}:{extra_path}"
    found = {name: shutil.which(name, path=path) for name in names}
    missing = [name for name, where in found.items() if where is None]
    if missing:
        message = f"{', '.join(missing)} not found: apt-get install {package}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return {name: where for name, where in found.items() if where is not None}


def wait_until(ready: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Poll until `ready()`; TimeoutError naming `what` when it never is."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {seconds:g} s")
        time.sleep(0.05)


@contextmanager
def _daemons() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Collect started daemons and stop them at the end, the last one first, by force where they linger."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        yield started
    finally:
        for daemon in reversed(started):
            daemon.terminate()
            try:
                daemon.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


@contextmanager
def ceph_s3() -> Iterator[S3Server]:
    """Run a private S3 server: one Ceph monitor, one OSD that keeps objects in memory, and the gateway."""
    programs = find_programs(CEPH_PROGRAMS, "ceph-common ceph-mon ceph-osd radosgw")
    with tempfile.TemporaryDirectory(prefix="geocrop-ceph-", ignore_cleanup_errors=True) as folder:
        home, port = Path(folder), free_port()
        for name in ("mon.a", "osd.0", "run", "log", "rgw"):
            (home / name).mkdir()
        fsid = str(uuid.uuid4())
        mon_port = free_port()
        conf = home / "ceph.conf"
        conf.write_text(CEPH_CONF.format(fsid=fsid, home=home, port=port, mon_port=mon_port))
        environment = os.environ | {"CEPH_CONF": str(conf)}

        def run(program: str, *arguments: str) -> str:
            command = [programs[program], *arguments]
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=START_SECONDS, check=False
            )
            if done.returncode:
                raise RuntimeError(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
            return done.stdout

        def start(program: str, *arguments: str) -> subprocess.Popen[bytes]:
            with (home / "log" / f"{program}.out").open("wb") as log:
                return subprocess.Popen(
                    [programs[program], "-f", *arguments], env=environment, stdout=log, stderr=subprocess.STDOUT
                )

        _make_keys(run, home)
        run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{mon_port}]", f"{home}/monmap")
        run("ceph-mon", "-i", "a", "--mkfs", "--monmap", f"{home}/monmap", "--keyring", f"{home}/keyring")
        with _daemons() as daemons:
            daemons.append(start("ceph-mon", "-i", "a"))
            osd = str(uuid.uuid4())
            run("ceph", "osd", "new", osd, "0")
            run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
            run("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default")
            daemons.append(start("ceph-osd", "-i", "0"))
            wait_until(lambda: "1 up" in run("ceph", "osd", "stat"), "the start of ceph-osd")
            daemons.append(start("radosgw", "-n", "client.rgw.a"))
            wait_until(lambda: _answers(f"http://127.0.0.1:{port}/"), "the start of radosgw")
            keys = ("--access-key=testkey", "--secret-key=testsecretkey")
            run("radosgw-admin", "-n", "client.rgw.a", "user", "create", "--uid=test", "--display-name=test", *keys)
            yield S3Server(f"127.0.0.1:{port}", "testkey", "testsecretkey")


def _make_keys(run: Callable[..., str], home: Path) -> None:
    everything = ("--cap", "mon", "allow *", "--cap", "osd", "allow *")
    owners = {
        "mon.": ("--cap", "mon", "allow *"),
        "client.admin": everything,
        "osd.0": everything,
        "client.rgw.a": everything,
    }
    for number, (owner, caps) in enumerate(owners.items()):
        create = ("--create-keyring",) if number == 0 else ()
        run("ceph-authtool", *create, f"{home}/keyring", "--gen-key", "-n", owner, *caps)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
            return bool(answer.status)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@contextmanager
def postgres() -> Iterator[str]:
    """Run a private PostgreSQL without durability and yield its address, `postgresql://postgres@127.0.0.1:PORT/postgres`."""
    programs = find_programs(("initdb", "postgres"), "postgresql-15", POSTGRES_PATH)
    # The server refuses to run as root, and its user must be able to enter the folder: hence /tmp.
    user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="geocrop-pg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        home, port = Path(folder), free_port()
        identity: dict[str, object] = {}
        if user:
            os.chown(home, user.pw_uid, user.pw_gid)
            identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": folder}
        data = str(home / "data")
        new = [programs["initdb"], "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]
        subprocess.run([*new, "--locale=C.UTF-8"], check=True, capture_output=True, **identity)  # type: ignore[call-overload]
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": 200,
            "shared_buffers": "128MB",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(  # type: ignore[call-overload]
                [programs["postgres"], "-D", data, *options], stdout=log, stderr=subprocess.STDOUT, **identity
            )
        try:
            wait_until(lambda: _listens(port, server, home / "log"), "the start of PostgreSQL")
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # "fast": ends open sessions
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _listens(port: int, server: subprocess.Popen[bytes], log: Path) -> bool:
    if server.poll() is not None:
        raise RuntimeError(f"PostgreSQL ended at its start: {log.read_text()[-2000:]}")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)):
            return False
    return "ready to accept connections" in log.read_text()
