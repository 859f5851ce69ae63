"""The scorer against the libraries: `python -m benchmarks.scorer [--pixels N] [--json]`.

Fits the four learners at the sizes of a real model (100 features, 9 classes: forest of 200 trees, XGBoost 300 rounds,
LightGBM 800, CatBoost 400) on made-up samples, then times each learner's library and the scorer in turn, in one
process, on the same two threads. Libraries get fewer pixels (LightGBM needs minutes for a scene): seconds are given per
512 x 512 pixels. With `--json`, the last line is one object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.scorer_data import bundle, pixels
from training.config import TrainingConfig
from training.scorer import Scorer, convert

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.bundle import ModelBundle

    Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]

FEATURES, CLASSES = 100, 9
TILE = 512 * 512
"""Pixels that seconds are stated for."""
LIBRARY_PIXELS = {"random_forest": 65_536, "xgboost": 65_536, "lightgbm": 4_096, "catboost": 262_144, "ensemble": 4_096}
"""Pixels that a library gets at most: a few seconds each."""
TURNS = 3
"""Times each is measured, in turn; the least counts, for on a shared machine every other time is longer."""


@dataclass(frozen=True)
class Row:
    """One line of the table; seconds are wall time for 512 x 512 pixels, CPU seconds of the process alike."""

    name: str
    reference_s: float
    scorer_s: float
    speedup: float
    reference_cpu_s: float
    scorer_cpu_s: float
    max_difference: float
    class_agreement: float
    pixels: int
    reference_pixels: int


def measure(name: str, reference: Predict, scored: Predict, X: NDArray[np.float32]) -> Row:
    """Time both in turn and compare what they say."""
    part = X[: LIBRARY_PIXELS[name]]
    scored(part[:1000])  # compiled and warm
    theirs, ours = [], []
    for _ in range(TURNS):
        expected, taken = _timed(reference, part)
        theirs.append(taken)
        found, taken = _timed(scored, X)
        ours.append(taken)
    (reference_s, reference_cpu), (scorer_s, scorer_cpu) = np.min(theirs, axis=0), np.min(ours, axis=0)
    found = found[: len(part)]
    return Row(
        name,
        reference_s=float(reference_s),
        scorer_s=float(scorer_s),
        speedup=float(reference_s / scorer_s),
        reference_cpu_s=float(reference_cpu),
        scorer_cpu_s=float(scorer_cpu),
        max_difference=float(np.abs(found - expected).max()),
        class_agreement=float((found.argmax(axis=1) == expected.argmax(axis=1)).mean()),
        pixels=len(X),
        reference_pixels=len(part),
    )


def _timed(predict: Predict, X: NDArray[np.float32]) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Return probabilities, and wall and CPU seconds for 512 x 512 pixels."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = predict(X)
    share = TILE / len(X)
    return found, ((time.perf_counter() - wall) * share, (time.process_time() - cpu) * share)


def compare(model: ModelBundle, scorer: Scorer, X: NDArray[np.float32], threads: int) -> list[Row]:
    """Return a row for each learner, and one for the ensemble."""
    rows = []
    for fit in model.learners:
        rows.append(
            measure(
                fit.name,
                lambda part, fit=fit: fit.predict_proba(part, threads),
                lambda part, fit=fit: scorer.learner_proba(fit.name, part, threads),
                X,
            )
        )
    everything = measure(
        "ensemble",
        lambda part: model.predict_proba(part, threads),
        lambda part: scorer.predict_proba(part, threads),
        X,
    )
    return [*rows, everything]


def _print(rows: list[Row]) -> None:
    print(f"{'':14}{'library':>10}{'scorer':>9}{'times':>7}{'CPU s':>9}{'CPU s':>8}{'largest':>10}{'same':>9}")
    for row in rows:
        print(
            f"{row.name:14}{row.reference_s:10.2f}{row.scorer_s:9.2f}{row.speedup:7.0f}"
            f"{row.reference_cpu_s:9.2f}{row.scorer_cpu_s:8.2f}{row.max_difference:10.1e}{row.class_agreement:9.2%}"
        )


def main() -> None:
    """Fit, convert, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pixels", type=int, default=TILE, help="pixels that the scorer gets")
    parser.add_argument("--samples", type=int, default=10_000, help="samples that the learners are fitted on")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--variant", choices=["Raw", "Scaled"], default="Raw")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    chosen = parser.parse_args()
    config = TrainingConfig.model_validate({"variant": chosen.variant})
    model = bundle(config, FEATURES, CLASSES, chosen.samples)
    start = time.perf_counter()
    scorer = convert(model)
    conversion = time.perf_counter() - start
    X = pixels(int(np.ceil(np.sqrt(chosen.pixels))), FEATURES, CLASSES, seed=9)[0][: chosen.pixels]
    rows = compare(model, scorer, X, chosen.threads)
    print(
        f"seconds for 512 x 512 pixels, {chosen.threads} threads; conversion {conversion:.1f} s; plain: {scorer.plain}"
    )
    _print(rows)
    if chosen.json:
        found = {row.name: asdict(row) for row in rows}
        print(json.dumps({"conversion_s": conversion, "plain": scorer.plain, "threads": chosen.threads} | found))


if __name__ == "__main__":
    main()
