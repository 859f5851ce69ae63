"""Run the benchmarks that need no server: `python -m benchmarks` (`make bench`)."""

from __future__ import annotations

import subprocess
import sys
import tempfile


def main() -> int:
    """Run each benchmark in a process of its own, so that peak memory is its own."""
    with tempfile.TemporaryDirectory(prefix="geocrop-bench-") as folder:
        print("one object of 1 GiB through the folder store (memory growth in MiB, seconds)")
        return subprocess.run([sys.executable, "-m", "benchmarks.store", f"folder://{folder}"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
