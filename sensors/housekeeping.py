"""`keep_house`: what may be deleted, decided purely.

Deleting a run deletes its materializations, and a partition whose only materialization is gone looks never made: the
newest run of every live partition of every asset stays, whatever its age.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from resources.object_store import ObjectStat


@dataclass(frozen=True)
class PastRun:
    """A finished run."""

    run_id: str
    ended: float  # seconds since the epoch


def decide_runs_to_delete(
    runs: Iterable[PastRun], *, now: float, keep_days: int, newest: frozenset[str]
) -> tuple[str, ...]:
    """Return ids of runs older than `keep_days` that hold no partition's newest materialization.

    Args:
        runs: finished runs; a run in flight must not be among them.
        now: seconds since the epoch.
        keep_days: age in days below which every run stays.
        newest: ids of the runs that hold the newest materialization of a live partition.

    """
    oldest = now - timedelta(days=keep_days).total_seconds()
    return tuple(run.run_id for run in runs if run.ended < oldest and run.run_id not in newest)


def decide_objects_to_delete(
    objects: Iterable[ObjectStat], *, in_use: Iterable[str], now: datetime, keep_days: int
) -> tuple[str, ...]:
    """Return keys older than `keep_days` that nothing refers to (superseded maps, composites, bundles).

    Args:
        objects: listing of a prefix of content-addressed objects.
        in_use: keys that something refers to, and prefixes, which end in a slash.
        now: time with zone.
        keep_days: age in days below which every object stays.

    """
    live = frozenset(in_use)  # ten thousand maps name some sixty thousand keys: look up, do not compare with each
    prefixes = tuple(one for one in live if one.endswith("/"))
    oldest = now - timedelta(days=keep_days)
    return tuple(
        one.key for one in objects if one.modified < oldest and one.key not in live and not one.key.startswith(prefixes)
    )
