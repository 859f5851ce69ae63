"""What every test shares: no network beyond loopback, and a clean environment."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

REAL_DATA_DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "real"

_connect = socket.socket.connect


def _is_loopback(address: object) -> bool:
    """Tell whether a socket address stays on this machine (unix sockets do)."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guarded_connect(self: socket.socket, address: object) -> None:
    if not _is_loopback(address):
        raise PermissionError(f"tests may not reach {address!r}: no network beyond loopback")
    _connect(self, address)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    socket.socket.connect = _guarded_connect  # type: ignore[method-assign,assignment]
    yield
    socket.socket.connect = _connect  # type: ignore[method-assign,assignment]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what the developer's shell says of GeoCrop and Dagster: a test states its own settings."""
    for name in list(os.environ):
        if name.startswith(("GEOCROP_", "DAGSTER_", "MINIO_")) and name != "GEOCROP_REAL_DATA":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data, or skip with the reason."""
    folder = Path(os.environ.get("GEOCROP_REAL_DATA", REAL_DATA_DEFAULT))
    if not (folder / "README.md").is_file():
        pytest.skip(f"no real data at {folder}: set GEOCROP_REAL_DATA")
    return folder
