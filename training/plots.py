"""Plots of an evaluation as small PNGs (at most 20 kB each), readable on light and dark pages.

They bring their own white ground, one colour-blind-safe palette, and no global state of matplotlib: every figure is
made, drawn and dropped in one call, so that plots of parallel assets do not meet.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from training.accuracy import SCORE_NAMES, UNDEFINED
from training.report_markdown import SCORE_TITLES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from training.report import EvaluationReport

MAX_BYTES = 20_000  # an asset's metadata should stay below some 30 kB an event
# dots an inch and colours of the PNG's palette: the first pair that fits is taken
STEPS = ((120, 64), (120, 40), (100, 48), (100, 32), (84, 40), (70, 40), (58, 32))

# Okabe and Ito's colours, which keep apart for every kind of colour vision (jfly.uni-koeln.de/color)
BLUE, ORANGE, GREEN, PINK, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"
SERIES = (BLUE, ORANGE, GREEN, PINK, SKY)
MARKERS = ("o", "s", "D", "^", "v")  # shape repeats what colour says
INK, QUIET, GRID = "#222222", "#666666", "#DDDDDD"
FONT_SIZE, SMALL = 9, 7.5  # points
DARK_CELL = 0.55  # row share from which on a cell needs white text
MANY_CLASSES = 12  # from so many on, cells hold one line of text
TOP_FEATURES = 25  # of the importance plot
SUPPORT_AT = 1.03  # x of the column of sample counts, in accuracy units


class Selection(Protocol):
    """What of a feature selection is drawn."""

    @property
    def importance(self) -> pd.DataFrame:
        """DataFrame (feature, gain_mean, gain_std, kept)."""


def confusion_png(report: EvaluationReport) -> bytes:
    """Draw the confusion matrix: colour is the share of a truth's row, figures are percent and counts."""
    counts = report.confusion.to_numpy()
    names = [str(name) for name in report.confusion.index]
    truth = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, truth, out=np.zeros(counts.shape), where=truth > 0)
    one_line = len(names) > MANY_CLASSES
    side = max(3.0, (0.34 if one_line else 0.5) * len(names) + 0.8)  # inches
    figure, axes = _figure(side + 1.6, side + 0.9)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), [f"{name} ({n:,})" for name, n in zip(names, truth.ravel(), strict=True)])
    axes.set_xticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    axes.set_xlabel("predicted")
    axes.set_ylabel("truth (held-out samples)")
    _title(axes, "Where each class goes", "per cent of the truth's row" + ("" if one_line else ", and samples"))
    _cell_texts(axes, counts, share, one_line=one_line)
    return _png(figure)


def _cell_texts(axes: Axes, counts: npt.NDArray[Any], share: npt.NDArray[np.float64], *, one_line: bool) -> None:
    for row, column in np.argwhere(counts > 0):
        color = "white" if share[row, column] >= DARK_CELL else INK
        percent = f"{100 * share[row, column]:.0f}"
        text = percent if one_line else f"{percent} %\n{counts[row, column]:,}"
        axes.text(column, row, text, ha="center", va="center", fontsize=SMALL, color=color, linespacing=1.1)


def reliability_png(report: EvaluationReport) -> bytes:
    """Draw met accuracy against stated confidence, with the number of samples of each bin below."""
    from matplotlib.figure import Figure

    curve = report.reliability
    figure = Figure(figsize=(4.8, 4.6), layout="constrained", facecolor="white")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    _quiet(axes)
    _quiet(below)
    axes.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=1)
    axes.annotate("as stated", (0.1, 0.1), xytext=(0.03, 0.13), color=QUIET, fontsize=SMALL, rotation=38)
    axes.vlines(curve["mean_confidence"], curve["mean_confidence"], curve["accuracy"], color=ORANGE, linewidth=1.5)
    axes.plot(curve["mean_confidence"], curve["accuracy"], color=BLUE, marker="o", linewidth=1.5, clip_on=False)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share that is right")
    below.bar((curve["low"] + curve["high"]) / 2, curve["n"], width=0.09, color=SKY)
    below.set(xlabel="stated confidence of the prediction", ylabel="samples")
    error = UNDEFINED if report.calibration_error is None else f"{report.calibration_error:.3f}"
    _title(axes, "Does confidence mean what it says", f"expected calibration error {error}")
    return _png(figure)


def class_accuracy_png(report: EvaluationReport) -> bytes:
    """Draw user's and producer's accuracy of each class with 95 % intervals."""
    table = report.per_class.iloc[::-1].reset_index(drop=True)
    figure, axes = _figure(6.6, 1.2 + (0.34 if len(table) > MANY_CLASSES else 0.42) * len(table))
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    for who, title, shift, style in (
        ("producers", "producer's accuracy (found of the truth)", 0.14, 0),
        ("users", "user's accuracy (right of the predictions)", -0.14, 1),
    ):
        at = np.arange(len(table)) + shift
        _dots(axes, at, table[[f"{who}_accuracy", f"{who}_low", f"{who}_high"]].to_numpy(dtype=float), title, style)
    axes.set_yticks(range(len(table)), [_with_note(row) for row in table.to_dict("records")])
    for place, n in enumerate(table["support"]):
        axes.text(SUPPORT_AT, place, f"{n:,}", va="center", ha="left", fontsize=SMALL, color=QUIET)
    axes.text(SUPPORT_AT, len(table) - 0.35, "samples", va="center", ha="left", fontsize=SMALL, color=QUIET)
    axes.set(xlim=(-0.02, 1.015), ylim=(-0.6, len(table) - 0.4))
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    _title(axes, "Accuracy by class", "held-out groups, 95 % intervals")
    return _png(figure)


def _with_note(row: Mapping[Any, Any]) -> str:
    return str(row["label"]) if row["in_model"] else f"{row['label']}\n(not in the model)"


def importance_png(selection: Selection) -> bytes:
    """Draw the gain of the most important features, kept and dropped ones apart, spread over folds as whiskers."""
    table = selection.importance.sort_values("gain_mean", ascending=False, kind="stable")
    shown = table.head(TOP_FEATURES).iloc[::-1].reset_index(drop=True)
    total = float(table["gain_mean"].sum()) or 1.0
    figure, axes = _figure(6.2, 1.3 + 0.2 * len(shown))
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    kept = shown["kept"].to_numpy(dtype=bool)
    for rows, color, title in ((kept, BLUE, "kept"), (~kept, "#BBBBBB", "dropped")):
        if rows.any():
            gain, spread = (100 * shown.loc[rows, name] / total for name in ("gain_mean", "gain_std"))
            axes.barh(np.flatnonzero(rows), gain, xerr=spread, color=color, ecolor=INK, label=title, **_WHISKERS)
    axes.set_yticks(range(len(shown)), shown["feature"].astype(str).tolist(), fontsize=8)
    axes.set(ylim=(-0.6, len(shown) - 0.4), xlabel="share of all gain, per cent (whiskers: spread over folds)")
    axes.set_xlim(left=0)
    axes.legend(loc="lower right", frameon=False, fontsize=8)
    _title(axes, "What tells the classes apart", f"{int(table['kept'].sum())} of {len(table)} features kept")
    return _png(figure)


_WHISKERS: dict[str, Any] = {"height": 0.72, "error_kw": {"elinewidth": 0.8, "capsize": 1.5}}


def variants_png(reports: Mapping[str, EvaluationReport]) -> bytes:
    """Draw the overall figures of several models side by side, in the order given.

    Raises ValueError for none, or for more than there are colours that can be told apart.
    """
    if not 1 <= len(reports) <= len(SERIES):
        raise ValueError(f"{len(reports)} reports: 1 to {len(SERIES)} can be told apart")
    figure, axes = _figure(6.4, 1.7 + 0.27 * len(SCORE_NAMES) * (len(reports) + 0.6))
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    base = np.arange(len(SCORE_NAMES))[::-1].astype(float)
    for number, (name, report) in enumerate(reports.items()):
        estimates = [getattr(report, score) for score in SCORE_NAMES]
        rows = np.array([[e.value, e.low, e.high] for e in estimates], dtype=float)
        at = base + 0.7 * ((len(reports) - 1) / 2 - number) / len(reports)
        _dots(axes, at, rows, name, number)
        for place, (value, _, high) in zip(at, rows, strict=True):
            if not np.isnan(value):
                end = value if np.isnan(high) else high
                axes.text(end + 0.012, place, f"{value:.3f}", va="center", fontsize=SMALL, color=INK)
    axes.set_yticks(base, [SCORE_TITLES[name] for name in SCORE_NAMES])
    axes.set(ylim=(-0.6, len(SCORE_NAMES) - 0.4), xlim=(0, 1.08))
    axes.set_xticks(np.linspace(0, 1, 6))
    figure.legend(loc="outside lower center", ncols=len(reports), frameon=False, fontsize=8)
    _title(axes, "Variants side by side", "held-out groups, 95 % intervals")
    return _png(figure)


def _dots(axes: Axes, at: npt.NDArray[Any], rows: npt.NDArray[np.float64], label: str, style: int) -> None:
    """Draw estimates (value, low, high) as dots with intervals; what is not defined is left out."""
    color, marker = SERIES[style], MARKERS[style]
    axes.hlines(at, rows[:, 1], rows[:, 2], color=color, linewidth=2, alpha=0.55)
    axes.plot(rows[:, 0], at, marker, color=color, markersize=5.5, label=label)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure (inches) on white with one quiet set of axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    axes = figure.subplots()
    _quiet(axes)
    return figure, axes


def _quiet(axes: Axes) -> None:
    axes.set_facecolor("white")
    axes.tick_params(labelsize=FONT_SIZE, colors=INK)
    axes.xaxis.label.set(color=INK, fontsize=FONT_SIZE)
    axes.yaxis.label.set(color=INK, fontsize=FONT_SIZE)
    for side in axes.spines.values():
        side.set_visible(False)


def _title(axes: Axes, what: str, how: str) -> None:
    axes.set_title(f"{what}\n", loc="left", fontsize=11, color=INK, fontweight="bold", pad=8)
    axes.annotate(
        how, (0, 1), xytext=(0, 5), xycoords="axes fraction", textcoords="offset points", fontsize=8.5, color=QUIET
    )


def _png(figure: Figure, steps: Sequence[tuple[int, int]] = STEPS) -> bytes:
    """Draw at the highest resolution that fits into MAX_BYTES, in a palette of few colours."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    data = b""
    for dpi, colors in steps:
        figure.set_dpi(dpi)
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        image = Image.fromarray(np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[:, :, :3]))
        buffer = io.BytesIO()
        image.quantize(colors=colors).save(buffer, format="PNG", optimize=True, dpi=(dpi, dpi))
        data = buffer.getvalue()
        if len(data) <= MAX_BYTES:
            break
    return data
