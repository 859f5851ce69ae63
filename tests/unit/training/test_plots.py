"""Plots are small PNGs on their own ground, drawn without matplotlib's global state."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from training.evaluation import EvaluationReport, assess
from training.plots import (
    MAX_BYTES,
    class_accuracy_png,
    confusion_png,
    importance_png,
    reliability_png,
    variants_png,
)

LONG_NAMES = (
    "maize",
    "tobacco",
    "soybean",
    "cotton",
    "winter wheat",
    "woodland",
    "shrubland",
    "grassland",
    "water",
    "built-up and other artificial",
)


@dataclass
class FakeSelection:
    importance: pd.DataFrame


def report(classes: tuple[str, ...] = LONG_NAMES, errors: float = 0.25) -> EvaluationReport:
    rng = np.random.default_rng(5)
    n = 150 * len(classes)
    truth = rng.integers(0, len(classes), n)
    wrong = rng.random(n) < errors
    predicted = np.where(wrong, rng.integers(0, len(classes), n), truth)
    confidence = np.where(wrong, rng.beta(4, 3, n), rng.beta(8, 2, n))
    names = np.array(classes)
    return assess(
        names[truth], names[predicted], groups=rng.integers(0, 35, n).astype(str), confidence=confidence, replicates=100
    )


def selection(n: int = 60) -> FakeSelection:
    gain = np.geomspace(1000, 1, n)
    names = [f"red_edge_{i}_phenology_amplitude" for i in range(n)]
    return FakeSelection(
        pd.DataFrame({"feature": names, "gain_mean": gain, "gain_std": gain / 4, "kept": np.arange(n) < n // 3})
    )


def image_of(png: bytes) -> Image.Image:
    assert png.startswith(b"\x89PNG")
    assert len(png) <= MAX_BYTES == 20_000
    image = Image.open(io.BytesIO(png)).convert("RGB")
    assert min(image.size) >= 150
    return image


REPORT_PLOTS = [confusion_png, reliability_png, class_accuracy_png]


@pytest.mark.parametrize("draw", REPORT_PLOTS)
@pytest.mark.parametrize("n_classes", [2, 18])
def test_plots_of_a_report_are_small_on_white_ground(draw: Callable[..., bytes], n_classes: int) -> None:
    names = tuple(f"{name} {i}" if i >= 10 else name for i, name in enumerate(LONG_NAMES + LONG_NAMES[:8]))
    image = image_of(draw(report(names[:n_classes])))
    width, height = image.size
    corners = [image.getpixel((x, y)) for x in (0, width - 1) for y in (0, height - 1)]
    assert all(min(color) >= 250 for color in corners)
    assert min(np.asarray(image).min(axis=2).ravel()) < 80  # something dark is drawn


@pytest.mark.parametrize("draw", REPORT_PLOTS)
def test_a_plot_of_other_figures_looks_different(draw: Callable[..., bytes]) -> None:
    assert draw(report(errors=0.1)) != draw(report(errors=0.5))


@pytest.mark.parametrize("draw", REPORT_PLOTS)
def test_a_report_with_gaps_can_be_drawn(draw: Callable[..., bytes]) -> None:
    gaps = assess(["maize", "maize", "cotton"], ["maize", "tobacco", "maize"], classes=("maize", "tobacco", "water"))
    image_of(draw(gaps))


def test_importance_is_drawn_for_many_features_and_for_none_of_gain() -> None:
    image_of(importance_png(selection()))
    nothing = selection(3)
    nothing.importance["gain_mean"] = 0.0
    image_of(importance_png(nothing))


def test_variants_stand_side_by_side() -> None:
    two = variants_png({"Raw": report(), "Scaled": report(errors=0.4)})
    five = {name: report(errors=0.1 * i) for i, name in enumerate(("a", "b", "c", "d", "e"))}
    assert image_of(variants_png(five)).size[1] > image_of(two).size[1]
    with pytest.raises(ValueError, match="6 reports"):
        variants_png({**five, "f": report()})
    with pytest.raises(ValueError, match="0 reports"):
        variants_png({})


def test_plots_do_not_touch_pyplot() -> None:
    code = (
        "import sys; from training.evaluation import assess; from training import plots\n"
        "assert 'matplotlib' not in sys.modules, 'imported too early'\n"
        "plots.confusion_png(assess(['a', 'b'], ['a', 'a']))\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
