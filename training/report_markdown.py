"""An evaluation report as Markdown tables, as the Dagster UI shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from training.accuracy import SCORE_NAMES, Estimate, Scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.report import EvaluationReport

SCORE_TITLES = {
    "overall_accuracy": "overall accuracy",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
}
NO_SAMPLES = "\N{MIDDLE DOT}"  # a quiet zero, so that the eye finds the errors
_LEAKY = "random rows (leaky: optimistic, not used by the gate)"


def markdown(report: EvaluationReport) -> str:
    """Return headings, tables and notes, for people."""
    parts = [
        "### Accuracy (95 % intervals)",
        _scores_table(report),
        "### By class",
        _class_table(report),
        "### Confusion (truth down, prediction across)",
        _confusion_table(report),
        "### How it was measured",
        report.method,
        *(f"- {text}" for text in report.warnings),
    ]
    if report.calibration_error is not None:
        parts.insert(2, f"Expected calibration error: {report.calibration_error:.3f}")
    return "\n\n".join(parts) + "\n"


def _scores_table(report: EvaluationReport) -> str:
    rows: list[tuple[str, Scores | None]] = [
        ("**held-out groups**", report.scores),
        ("blocked cross-validation, training part", report.cross_validated),
        (_LEAKY, report.leaky),
    ]
    cells = [
        [title, *(str(getattr(scores, name)) for name in SCORE_NAMES), f"{scores.n_samples:,}", f"{scores.n_groups:,}"]
        for title, scores in rows
        if scores is not None
    ]
    return _table(["judged on", *SCORE_TITLES.values(), "samples", "groups"], cells)


def _class_table(report: EvaluationReport) -> str:
    cells = []
    for row in report.per_class.to_dict("records"):
        note = "" if row["in_model"] else " (not in the model)"
        accuracies = [_estimate(row, who) for who in ("users", "producers")]
        cells.append([f"{row['label']}{note}", f"{row['support']:,}", *accuracies, str(Estimate(_number(row["f1"])))])
    return _table(["class", "samples", "user's accuracy", "producer's accuracy", "F1"], cells)


def _estimate(row: dict[Any, Any], who: str) -> str:
    names = (f"{who}_accuracy", f"{who}_low", f"{who}_high")
    return str(Estimate(*(_number(row[name]) for name in names)))


def _number(value: float) -> float | None:
    return None if value != value else float(value)  # noqa: PLR0124 (NaN)


def _confusion_table(report: EvaluationReport) -> str:
    names = [str(name) for name in report.confusion.columns]
    cells = [
        [f"**{name}**", *(f"{n:,}" if n else NO_SAMPLES for n in row)]
        for name, row in zip(names, report.confusion.to_numpy().tolist(), strict=True)
    ]
    return _table(["", *names], cells)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is left-aligned, figures are right-aligned."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
