"""The record of an evaluation: figures with intervals, tables, and the held-out predictions themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from training.accuracy import SCORE_NAMES, Estimate, Scores
from training.held_out import HeldOut

if TYPE_CHECKING:
    import pandas as pd

_TYPES = {"label": "object", "in_model": "bool", **dict.fromkeys(("support", "predicted", "bin", "n"), "int64")}
PER_CLASS_COLUMNS = (
    "label",
    "support",
    "predicted",
    "users_accuracy",
    "users_low",
    "users_high",
    "producers_accuracy",
    "producers_low",
    "producers_high",
    "f1",
    "in_model",
)
RELIABILITY_COLUMNS = ("bin", "low", "high", "mean_confidence", "accuracy", "n")


@dataclass(frozen=True, eq=False)
class EvaluationReport:
    """Accuracy on held-out samples.

    Attributes:
        method: what was held out and how the intervals come about.
        warnings: what a reader of the figures should know.
        scores: overall accuracy, macro F1 and balanced accuracy with 95 % intervals.
        per_class: DataFrame (label, support, predicted, users_accuracy, users_low, users_high, producers_accuracy,
            producers_low, producers_high, f1, in_model); NaN where a figure is not defined, never 0 instead.
        confusion: DataFrame of counts, truth down, prediction across.
        reliability: DataFrame (bin, low, high, mean_confidence, accuracy, n); empty where no confidence is known.
        calibration_error: expected calibration error 0..1, or None.
        held_out: the samples and predictions themselves.
        cross_validated: scores of out-of-fold predictions on the training part, folds made of whole groups.
        leaky: scores of random rows as folds: optimistic, beside the others to show by how much. No gate reads it.

    """

    method: str
    warnings: tuple[str, ...]
    scores: Scores
    per_class: pd.DataFrame
    confusion: pd.DataFrame
    reliability: pd.DataFrame
    calibration_error: float | None
    held_out: HeldOut
    cross_validated: Scores | None = None
    leaky: Scores | None = None

    @property
    def overall_accuracy(self) -> Estimate:
        """Share of held-out samples that are right."""
        return self.scores.overall_accuracy

    @property
    def macro_f1(self) -> Estimate:
        """Mean F1 of the classes: what the gate compares."""
        return self.scores.macro_f1

    @property
    def balanced_accuracy(self) -> Estimate:
        """Mean producer's accuracy of the classes."""
        return self.scores.balanced_accuracy

    def metrics(self) -> dict[str, float]:
        """Return the figures as flat names and numbers, for MLflow; undefined ones are left out."""
        found: dict[str, float | None] = {"calibration_error": self.calibration_error}
        for prefix, scores in (("", self.scores), ("blocked_cv_", self.cross_validated), ("leaky_rows_", self.leaky)):
            for name in SCORE_NAMES if scores else ():
                found.update({f"{prefix}{name}{end}": value for end, value in _ends(getattr(scores, name))})
        for row in self.per_class.to_dict("records"):
            label = str(row["label"]).replace(" ", "_")
            found.update({f"{label}_{name}": row[name] for name in ("users_accuracy", "producers_accuracy", "f1")})
        return {name: float(value) for name, value in found.items() if value is not None and not np.isnan(value)}

    def to_dict(self, *, rows: bool = True) -> dict[str, Any]:
        """Return a JSON-safe dict; `rows=False` leaves the held-out samples out (they are most of the size)."""
        return {
            "method": self.method,
            "warnings": list(self.warnings),
            "scores": self.scores.to_dict(),
            "per_class": _records(self.per_class),
            "classes": [str(name) for name in self.confusion.index],
            "confusion": self.confusion.to_numpy().tolist(),
            "reliability": _records(self.reliability),
            "calibration_error": self.calibration_error,
            "held_out": self.held_out.to_dict() if rows else None,
            "cross_validated": self.cross_validated.to_dict() if self.cross_validated else None,
            "leaky": self.leaky.to_dict() if self.leaky else None,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> EvaluationReport:
        """Read what `to_dict` wrote."""
        optional = {name: Scores.from_dict(raw[name]) if raw[name] else None for name in ("cross_validated", "leaky")}
        return cls(
            method=raw["method"],
            warnings=tuple(raw["warnings"]),
            scores=Scores.from_dict(raw["scores"]),
            per_class=_frame(raw["per_class"], PER_CLASS_COLUMNS),
            confusion=confusion_frame(np.asarray(raw["confusion"], dtype=np.int64), raw["classes"]),
            reliability=_frame(raw["reliability"], RELIABILITY_COLUMNS),
            calibration_error=raw["calibration_error"],
            held_out=HeldOut.from_dict(raw["held_out"]) if raw["held_out"] else HeldOut.empty(),
            **optional,
        )

    def to_markdown(self) -> str:
        """Return the report as Markdown tables, for the Dagster UI."""
        from training.report_markdown import markdown

        return markdown(self)


def confusion_frame(counts: npt.NDArray[np.int64], classes: Sequence[str]) -> pd.DataFrame:
    """Name the rows (truth) and columns (prediction) of counts [k, k]."""
    import pandas as pd

    return pd.DataFrame(
        counts, index=pd.Index(list(classes), name="truth"), columns=pd.Index(list(classes), name="predicted")
    )


def _ends(estimate: Estimate) -> Iterable[tuple[str, float | None]]:
    return ("", estimate.value), ("_low", estimate.low), ("_high", estimate.high)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON-safe dicts, NaN as None."""
    rows = frame.to_dict("records")
    return [{str(name): None if value != value else value for name, value in row.items()} for row in rows]  # noqa: PLR0124 (NaN)


def _frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Read what `_records` wrote, with the types it had, also where there are no rows."""
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(columns))
    return frame.astype({name: _TYPES.get(name, "float64") for name in columns})
