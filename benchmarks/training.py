"""Training: `python -m benchmarks.training [--samples 50000 500000] [--share 1] [--json]`.

Made-up samples (100 features, 9 classes, 15 % mislabelled, 2 % missing) are written to a file; each measurement is a
process of its own that reads it. First each learner once on all samples, at the rounds of the defaults, on one thread
as in the product; then all four as the product trains them: 20 % of the blocks held out, the search for the number of
rounds, five folds and the final models, on one pool of threads. Memory is the process's peak over what it held before
the fit, which is stated beside it: interpreter, libraries and the samples (190 MiB for 500,000). `--share 0.1` fits a
tenth of the rounds and trees: memory but for the models stays the same, and seconds are those of the tenth. With
`--json`, the last line is one object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess  # nosec B404
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scorer_data import MISLABELLED, pixels
from training.config import LEARNERS, TrainingConfig
from training.learners import fit_learners
from training.learners.base import Rows, class_weights
from training.learners.registry import learner_named
from training.splits import split_blocks
from training.table import TrainingTable

FEATURES, CLASSES = 100, 9
BLOCKS = 12
"""Blocks along a side of the made-up country: samples of a block are held out together."""
TOGETHER = "all four"
BUDGET_MIB = 8 * 1024
"""What training 500,000 samples of 100 features may take."""


def make_samples(n: int, folder: Path) -> None:
    """Write X float32 [n, 100], y int64 [n] and blocks int64 [n] into a folder."""
    side = int(np.ceil(np.sqrt(n)))
    X, y = pixels(side, FEATURES, CLASSES, seed=2)
    row, column = np.divmod(np.arange(n), side)
    random = np.random.default_rng(4)
    y = y[:n].copy()
    wrong = random.random(n) < MISLABELLED
    y[wrong] = random.integers(0, CLASSES, int(wrong.sum()))
    np.save(folder / "X.npy", X[:n])
    np.save(folder / "y.npy", y)
    np.save(folder / "block.npy", row * BLOCKS // side * BLOCKS + column * BLOCKS // side)


def config_of(share: float, cores: int) -> TrainingConfig:
    """Return the default settings with this share of rounds and trees."""
    config = TrainingConfig(cores=cores)
    boosted = {}
    for name in ("xgboost", "lightgbm", "catboost"):
        params = getattr(config, name)
        fewer = {"rounds": max(1, round(params.rounds * share)), "patience": max(1, round(params.patience * share))}
        boosted[name] = params.model_copy(
            update={**fewer, "min_rounds": min(params.min_rounds, max(1, round(params.min_rounds * share)))}
        )
    forest = config.forest.model_copy(update={"n_estimators": max(1, round(config.forest.n_estimators * share))})
    return config.model_copy(update={**boosted, "forest": forest})


def fit(what: str, folder: Path, config: TrainingConfig) -> dict[str, Any]:
    """Fit one learner, or all four as the product does, and return what it took; to be called once in a process."""
    X, y, block = (np.load(folder / f"{name}.npy") for name in ("X", "y", "block"))
    import catboost  # noqa: F401  # the libraries themselves belong to the base
    import lightgbm  # noqa: F401
    import sklearn.tree  # noqa: F401
    import xgboost  # noqa: F401

    base, wall, cpu = _status_mib("VmRSS"), time.perf_counter(), time.process_time()
    if what == TOGETHER:
        facts = _fit_together(X, y, block, config)
    else:
        learner = learner_named(what)
        params = learner.params(config)
        rows = Rows(X, y, class_weights(y, CLASSES, config.weights), CLASSES)
        model = learner.fit(rows, params, config.seed, learner.max_rounds(params))
        facts = {"rounds": {what: learner.max_rounds(params)}}
        del model
    return {
        "what": what,
        "samples": len(X),
        "seconds": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "base_mib": base,
        "peak_over_base_mib": _status_mib("VmHWM") - base,
        "load": os.getloadavg()[0],
        **facts,
    }


def _fit_together(X: Any, y: Any, block: Any, config: TrainingConfig) -> dict[str, Any]:  # noqa: ANN401  # arrays
    table = TrainingTable(
        X=X,
        labels=np.array([f"class {number:02d}" for number in range(CLASSES)])[y],
        groups=block.astype(str),
        grouping="spatial-block",
        features=tuple(f"band_{number:03d}" for number in range(FEATURES)),
        recipe="benchmark@1",
        dataset_version="made up",
        dataset_digest="0" * 64,
        sample_ids=np.arange(len(y)).astype(str),
    )
    split = split_blocks(table.labels, table.groups, test_size=config.test_size, seed=config.seed, folds=config.folds)
    fits = fit_learners(table, split, table.features, config)
    right = {fit.name: float((fit.oof.argmax(axis=1) == y[~split.test]).mean()) for fit in fits}
    return {"rounds": {fit.name: fit.rounds for fit in fits}, "out_of_fold_accuracy": right}


def _status_mib(name: str) -> float:
    """Return what the system says of this process's memory: VmRSS now, VmHWM at most so far."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition(f"{name}:")[2].split()[0]) / 1024


def in_child(what: str, folder: Path, share: float, threads: int) -> dict[str, Any]:
    """Fit in a process of its own and return what it took."""
    command = [sys.executable, "-m", "benchmarks.training", "--one", what, "--folder", str(folder)]
    command += ["--share", str(share), "--threads", str(threads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _print(row: dict[str, Any]) -> None:
    print(
        f"{row['samples']:9,d} {row['what']:14}{row['seconds']:9.1f}{row['cpu_s']:9.1f}{row['base_mib']:9.0f}"
        f"{row['peak_over_base_mib']:9.0f}{row['load']:7.1f}  {row['rounds']}",
        flush=True,
    )


def main() -> None:
    """Measure, print, and end with JSON where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, nargs="+", default=[50_000, 500_000])
    parser.add_argument("--what", nargs="+", choices=[*LEARNERS, TOGETHER], default=[*LEARNERS, TOGETHER])
    parser.add_argument("--share", type=float, default=1.0, help="of the rounds and trees of the defaults")
    parser.add_argument("--threads", type=int, default=2, help="fits at once, for all four")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(fit(chosen.one, chosen.folder, config_of(chosen.share, chosen.threads))))
        return
    rows = []
    print(f"  samples {'what':14}{'wall s':>9}{'CPU s':>9}{'base':>9}{'peak MiB':>9}{'load':>7}  rounds")
    for n in chosen.samples:
        with tempfile.TemporaryDirectory(prefix="geocrop-bench-") as folder:
            make_samples(n, Path(folder))
            for what in chosen.what:
                rows.append(in_child(what, Path(folder), chosen.share, chosen.threads))
                _print(rows[-1])
    if chosen.json:
        within = all(row["base_mib"] + row["peak_over_base_mib"] <= BUDGET_MIB for row in rows)
        print(json.dumps({"share": chosen.share, "within_8_gib": within, "rows": rows}))


if __name__ == "__main__":
    main()
