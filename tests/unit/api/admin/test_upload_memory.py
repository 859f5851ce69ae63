"""A large upload passes through the process; it does not stay in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("upload_memory.py")
MIB = 300
#: A few blocks of a mebibyte each, and what the allocator keeps of them.
MAY_GROW_MIB = 48


def test_300_mib_do_not_grow_memory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), str(MIB)], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second, grown = (int(word) for word in done.stdout.split())
    assert (first, second) == (201, 201), done.stderr
    assert grown <= MAY_GROW_MIB
    kept = tmp_path / "store" / "geocrop-datasets" / "v1" / "large.csv"
    assert kept.stat().st_size > (MIB - 1) << 20
    kept.unlink()  # pytest keeps folders of past runs
    assert list((tmp_path / "uploads").iterdir()) == []
