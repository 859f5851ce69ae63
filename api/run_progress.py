"""How far a run is: its log's lines as a percentage and a step in words.

A step's share of the whole is a measured habit, not a promise: of a small map's work some 70 % is reading scenes (the
archive is far away, the classifier is not), and of a training nearly all is fitting. A step that the table does not
name adds no percent of its own, so that the number never runs ahead of the work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from api.failures import Failure

#: `resources.progress.Progress` writes so: "reading scenes: 30 %".
PROGRESS_LINE = re.compile(r"^(?P<what>[\w ]+): (?P<percent>\d{1,3}) %$")

Kind = Literal["start", "done", "line", "failure", "run-failure"]


@dataclass(frozen=True)
class LogLine:
    """What a line of a run's log says that matters here."""

    kind: Kind
    step: str | None
    text: str = ""
    failure: Failure | None = None


@dataclass(frozen=True)
class Share:
    """A step's part of the whole in percent, and its name for readers."""

    start: float
    end: float
    title: str

    def at(self, percent: float) -> float:
        """Return the whole's percent when the step is at `percent` of its own."""
        return self.start + (self.end - self.start) * min(percent, 100.0) / 100


@dataclass(frozen=True)
class RunProgress:
    """What was new in a run's log since a cursor; None where nothing new was said."""

    percent: float | None = None
    step: str | None = None
    cursor: str | None = None
    failure: str | None = None
    failure_code: str | None = None


#: Steps carry the names of their assets; checks that run after a map share its last percents.
SHARES: Mapping[str, Share] = {
    # draw_crop_map
    "season_composite": Share(0, 70, "reading scenes"),
    "crop_map": Share(70, 98, "drawing the map"),
    # prepare_dataset
    "samples": Share(0, 20, "reading the samples"),
    "training_features": Share(20, 80, "measuring features"),
    "feature_selection": Share(80, 100, "selecting features"),
    # train_models; the four learners follow each other in no order that is promised, so each begins where all begin
    "random_forest": Share(0, 60, "training the random forest"),
    "xgboost_model": Share(0, 60, "training XGBoost"),
    "lightgbm_model": Share(0, 60, "training LightGBM"),
    "catboost_model": Share(0, 60, "training CatBoost"),
    "candidate_model": Share(60, 80, "combining the learners"),
    "evaluation": Share(80, 100, "evaluating the candidate"),
    # promote_champion
    "champion_model": Share(0, 100, "promoting"),
}
LEARNERS = ("random_forest", "xgboost_model", "lightgbm_model", "catboost_model")
LEARNERS_END = 60.0


def title_of(step: str) -> str:
    """Return a step's name for readers."""
    if step in SHARES:
        return SHARES[step].title
    return "checking the map" if step.startswith("crop_map_") else step.replace("_", " ")


def first_failure(lines: Iterable[LogLine]) -> Failure | None:
    """Return why a run failed: its first failed step says more than what follows from it, the run's own end."""
    found = [line for line in lines if line.failure is not None]
    steps = [line for line in found if line.kind == "failure"]
    return next((line.failure for line in (*steps, *found)), None)


def read_progress(lines: Iterable[LogLine], cursor: str | None) -> RunProgress:
    """Fold the new lines of a run's log into what they say together."""
    percent: float | None = None
    step: str | None = None
    lines = list(lines)
    failure = first_failure(lines)
    for line in lines:
        if line.step is None:
            continue
        step = title_of(line.step) if line.kind == "start" else step
        told = _percent(line)
        if told is not None:
            percent = max(percent or 0.0, told)
            step = title_of(line.step)
    return RunProgress(
        percent=percent,
        step=step,
        cursor=cursor,
        failure=None if failure is None else failure.reason,
        failure_code=None if failure is None else failure.code,
    )


def _percent(line: LogLine) -> float | None:
    """Return the whole's percent that a line tells of, if any."""
    share = SHARES.get(line.step or "")
    if share is None:
        return None
    if line.kind == "start":
        return share.start
    if line.kind == "done":
        # one learner of four that ends is no end of all learners: their last percents come with the next step
        return share.start if line.step in LEARNERS else share.end
    found = PROGRESS_LINE.match(line.text)
    return None if found is None or line.step in LEARNERS else share.at(float(found["percent"]))
