"""Wall time, CPU time and peak memory of steps, and of whole runs in processes of their own (Linux)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

KIB_A_MIB = 1024


def memory_mib(peak: bool = False) -> float:
    """Return this process's resident memory now, or the most since `forget_peak`."""
    wanted = "VmHWM:" if peak else "VmRSS:"
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(wanted)) / KIB_A_MIB


def forget_peak() -> None:
    """Make the peak of this process's memory what it has now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


@dataclass
class Step:
    """What a step took: seconds on the clock, seconds of all threads, and the most memory while it ran."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mib: float = 0.0


@dataclass
class Steps:
    """Steps of one run by name, in order; `base_mib` is the memory before it."""

    base_mib: float = field(default_factory=memory_mib)
    steps: dict[str, Step] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Time what is done inside; a name that comes again adds up."""
        step = self.steps.setdefault(name, Step())
        forget_peak()
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        step.wall_s += time.perf_counter() - wall
        step.cpu_s += time.process_time() - cpu
        step.peak_mib = max(step.peak_mib, memory_mib(peak=True))

    def told(self) -> dict[str, Any]:
        """Return plain numbers: each step, their sums, and the peak over the base."""
        peak = max((step.peak_mib for step in self.steps.values()), default=0.0)
        return {
            "wall_s": sum(step.wall_s for step in self.steps.values()),
            "cpu_s": sum(step.cpu_s for step in self.steps.values()),
            "base_mib": self.base_mib,
            "peak_over_base_mib": peak - self.base_mib,
            "steps": {name: asdict(step) for name, step in self.steps.items()},
        }


def in_child(module: str, **told: object) -> dict[str, Any]:
    """Run `python -m module` with JSON as its one argument; return the JSON of its last line."""
    words = [sys.executable, "-W", "ignore", "-m", module, json.dumps(told)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def load_of_machine() -> dict[str, float]:
    """Return cores and the load of the last minute: figures of a busy machine are longer than they should be."""
    return {"cores": float(os.cpu_count() or 1), "load_1min": round(os.getloadavg()[0], 2)}
