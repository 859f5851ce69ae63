"""Run the benchmarks that set up all they need: `python -m benchmarks` (`make bench`)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile

from benchmarks.lane import POSTGRES_FOLDERS


def run(what: str, *words: str) -> bool:
    """Run one benchmark in a process of its own, so that peak memory is its own; tell whether it failed."""
    print(what, flush=True)
    return subprocess.run([sys.executable, "-m", *words], check=False).returncode != 0


def main() -> int:
    """Run each benchmark; return how many failed."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="geocrop-bench-") as folder:
        failed += run("one object of 1 GiB through the folder store", "benchmarks.store", f"folder://{folder}")
    failed += run("from a request to the first baseline tile", "benchmarks.first_tile")
    failed += run("two hundred clients of the API", "benchmarks.load")
    failed += run("2,000 tiles, eight clients", "benchmarks.tiles")
    failed += run("a map of 512 x 512 pixels: usual way and engine (some five minutes)", "benchmarks.maps")
    failed += run("maps from 256 to 2,048 pixels a side", "benchmarks.scaling", "--sizes", "256", "512", "1024", "2048")
    failed += run("a map of one hectare, warm", "benchmarks.latency")
    failed += run("scenes 50 ms away", "benchmarks.remote", "--size", "512")
    if shutil.which("initdb", path=POSTGRES_FOLDERS) is None:
        print("the lane's benchmark is left out: apt-get install postgresql-15")
        return failed
    return failed + run("a map of 9 ha: interactive lane and stock path (some ten minutes)", "benchmarks.lane")


if __name__ == "__main__":
    sys.exit(main())
