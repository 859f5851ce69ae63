"""A warm process: everything is imported and connected before a run comes, and one run at a time is executed here.

`python -m resources.lanes.slot`, started by the supervisor. Commands come in on standard input, a line of JSON each;
reports go out on a pipe. Runs are executed in the main thread, so that Dagster can interrupt them by a signal.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import logging
import os
import select
import signal
import sys
import time
from typing import TYPE_CHECKING

from resources.lanes.logs import log_to_stderr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from resources.lanes.execution import Executor
    from resources.lanes.warming import Warmth

log = logging.getLogger("geocrop.lane")

PR_SET_PDEATHSIG = 1
#: Idle processes look that often whether there is another champion to hold.
REFRESH_S = 20.0
CHUNK = 1 << 16


def end_with(parent: int) -> None:
    """Have the kernel kill this process when its supervisor dies, also by `kill -9`."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel was asked
        sys.exit("the supervisor is gone")


def private_input() -> int:
    """Return a descriptor of the commands that children do not inherit; they read nothing instead."""
    commands = os.dup(0)  # not inheritable
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return commands


def orders(commands: int, warmth: Warmth) -> Iterator[str]:
    """Yield the runs to execute until the supervisor closes the pipe; keep warm meanwhile."""
    left = b""
    while True:
        if not select.select([commands], [], [], REFRESH_S)[0]:
            warmth.refresh()
            continue
        chunk = os.read(commands, CHUNK)
        if not chunk:
            return
        *lines, left = (left + chunk).split(b"\n")
        for line in lines:
            yield json.loads(line)["run"]


def serve(commands: int, reports: int, executor: Executor, warmth: Warmth) -> None:
    """Execute the runs that are ordered, and tell of each that it has ended."""

    def report(**said: Any) -> None:  # noqa: ANN401  # JSON
        os.write(reports, json.dumps(said).encode() + b"\n")

    report(warm=True)
    for run_id in orders(commands, warmth):
        began = time.perf_counter()
        executor.execute(run_id)
        report(ended=run_id)
        gc.collect()  # between runs, and not in the next one
        log.info("run %s took %.2f s", run_id, time.perf_counter() - began)


def main() -> None:
    """Get warm, then serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="process id of the supervisor")
    parser.add_argument("--report", type=int, required=True, help="descriptor of the pipe for reports")
    parser.add_argument("--code", required=True, help="module of the code location")
    parser.add_argument("--bare", action="store_true", help="hold no champion and no libraries of maps")
    given = parser.parse_args()
    end_with(given.parent)
    os.set_inheritable(given.report, False)
    commands = private_input()
    log_to_stderr()
    began = time.perf_counter()

    from dagster._utils.interrupts import capture_interrupts

    from resources.lanes.execution import Executor
    from resources.lanes.warming import Warmth

    with capture_interrupts():  # an interrupt that comes between runs is not for the next one
        executor = Executor.open(given.code)
        warmth = Warmth(bare=given.bare)
        warmth.warm()
        gc.collect()
        gc.freeze()  # what is warm stays: collections during runs need not walk a million objects
        log.info("warm after %.1f s", time.perf_counter() - began)
        serve(commands, given.report, executor, warmth)


if __name__ == "__main__":
    main()
