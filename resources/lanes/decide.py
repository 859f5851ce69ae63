"""The lane's decisions, as pure functions: which lane, when a process goes, and what of the memory it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from sensors.tags import BATCH, INTERACTIVE, LANE_TAG

#: Dagster's names of tags that a run carries which does again what another run did.
RETRY_TAGS = ("dagster/parent_run_id", "dagster/retry_number")
#: Left to the rest of the machine when a second process is made warm beside the first one.
SPARE_MB = 512


@dataclass(frozen=True)
class Choice:
    """A lane, and why it is another one than the run asked for."""

    lane: str
    reason: str | None = None

    @property
    def interactive(self) -> bool:
        """Whether the warm worker takes the run."""
        return self.lane == INTERACTIVE


def is_interactive(tags: Mapping[str, str]) -> bool:
    """Tell whether a run's tag names the interactive lane."""
    return tags.get(LANE_TAG) == INTERACTIVE


def choose_lane(tags: Mapping[str, str]) -> Choice:
    """Return the lane of a run by its tags: a run that is done again must not take a warm process down twice."""
    if not is_interactive(tags):
        return Choice(BATCH)
    if any(tag in tags for tag in RETRY_TAGS):
        return Choice(BATCH, "it does again what another run did, which the batch lane does in a process of its own")
    return Choice(INTERACTIVE)


class Recycling(Enum):
    """When a used process is replaced."""

    NOT_YET = "not yet"
    WARM_FIRST = "warm first"  # the replacement is warm before the old process goes
    STOP_FIRST = "stop first"  # memory does not hold both


def decide_recycling(*, runs: int, limit: int, rss_mb: int, free_mb: int) -> Recycling:
    """Decide whether a process that executed so many runs is replaced, and in which order."""
    if runs < limit:
        return Recycling.NOT_YET
    return Recycling.WARM_FIRST if free_mb >= rss_mb + SPARE_MB else Recycling.STOP_FIRST


def seconds_before_restart(failures: int) -> float:
    """Return the pause before a process is started again that died so many times in a row before it was warm."""
    return 0.0 if failures == 0 else float(min(2 ** (failures - 1), 30))
