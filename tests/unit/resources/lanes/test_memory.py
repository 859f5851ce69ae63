"""Memory of processes and of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from resources.lanes.memory import free_mb, tree_rss_mb

HOLD = "import sys; held = bytearray(b'x' * (80 << 20)); print('ready', flush=True); sys.stdin.read()"


def test_what_a_child_holds_counts() -> None:
    before = tree_rss_mb(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        assert tree_rss_mb(child.pid) >= 80
        assert tree_rss_mb(os.getpid()) >= before + 60
    assert tree_rss_mb(child.pid) == 0


def test_a_containers_limit_counts_where_it_is_less(tmp_path: Path) -> None:
    machine = free_mb(tmp_path)
    assert machine > 0
    (tmp_path / "memory.max").write_text(f"{300 << 20}\n")
    (tmp_path / "memory.current").write_text(f"{100 << 20}\n")
    assert free_mb(tmp_path) == min(machine, 200)
    (tmp_path / "memory.max").write_text("max\n")
    assert free_mb(tmp_path) > 0
