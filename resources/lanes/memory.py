"""Memory of a process tree and of the machine, from Linux's /proc and cgroups."""

from __future__ import annotations

from pathlib import Path

PAGE_KIB = 4
CGROUP = Path("/sys/fs/cgroup")


def tree_rss_mb(pid: int) -> int:
    """Return the resident memory of a process and all its descendants in MiB; 0 when it is gone."""
    return sum(_rss_kib(one) for one in _tree(pid)) // 1024


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:  # grows while it is walked
        for task in _lines(Path(f"/proc/{one}/task")):
            children = _text(Path(f"/proc/{one}/task/{task}/children"))
            found += [int(child) for child in children.split()]
    return found


def _lines(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:  # it ended meanwhile
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _rss_kib(pid: int) -> int:
    fields = _text(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * PAGE_KIB if len(fields) > 1 else 0


def free_mb(cgroup: Path = CGROUP) -> int:
    """Return the memory that can be taken, in MiB: the machine's, or the container's where that is less."""
    lines = _text(Path("/proc/meminfo")).splitlines()
    machine = next((int(line.split()[1]) // 1024 for line in lines if line.startswith("MemAvailable:")), 0)
    limit, used = _text(cgroup / "memory.max").strip(), _text(cgroup / "memory.current").strip()
    if limit.isdigit() and used.isdigit():
        return min(machine, (int(limit) - int(used)) >> 20)
    return machine
