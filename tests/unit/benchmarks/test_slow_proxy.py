"""The slow proxy passes on what it gets, late, and leaves nothing behind."""

from __future__ import annotations

import threading
import time
import urllib.request
from pathlib import Path

from benchmarks.slow_proxy import SlowProxy
from benchmarks.slow_server import SlowServer

LATENCY_S = 0.05


def test_answers_come_whole_and_late(tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096
    (tmp_path / "file").write_bytes(content)
    before = set(threading.enumerate())
    with SlowServer(tmp_path, 0.0) as server, SlowProxy(server.url.removeprefix("http://"), LATENCY_S) as proxy:
        started = time.monotonic()
        request = urllib.request.Request(f"http://{proxy.endpoint}/file", headers={"Range": "bytes=10-600000"})
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            found = answer.read()
        assert time.monotonic() - started >= LATENCY_S
        assert server.requests["GET", "/file"] == 1
    assert found == content[10:600_001]
    assert not [thread for thread in set(threading.enumerate()) - before if not thread.daemon]
