"""Run the benchmarks that set up all they need: `python -m benchmarks` (`make bench`)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile

from benchmarks.lane import POSTGRES_FOLDERS


def run(what: str, *words: str) -> int:
    """Run one benchmark in a process of its own, so that peak memory is its own."""
    print(what, flush=True)
    return subprocess.run([sys.executable, "-m", *words], check=False).returncode


def main() -> int:
    """Run each benchmark; return how many failed."""
    with tempfile.TemporaryDirectory(prefix="geocrop-bench-") as folder:
        store = run("one object of 1 GiB through the folder store", "benchmarks.store", f"folder://{folder}")
    if shutil.which("initdb", path=POSTGRES_FOLDERS) is None:
        print("the lane's benchmark is left out: apt-get install postgresql-15")
        return int(store != 0)
    lane = run("a map of 9 ha: interactive lane and stock path (some ten minutes)", "benchmarks.lane")
    return (store != 0) + (lane != 0)


if __name__ == "__main__":
    sys.exit(main())
