"""`geocrop tune`: hyperparameters of a learner, tried on this machine's cores or on a Ray cluster."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import typer
import yaml

from geocrop_assets.cli.console import bars, console, table
from geocrop_assets.cli.training import training_run_config
from resources.layout import FEATURES
from resources.object_store import ObjectNotFound
from resources.platform import store_of
from resources.spread import spread
from training.config import LEARNERS, LearnerName, TrainingConfig
from training.errors import GeocropError

if TYPE_CHECKING:
    import pandas as pd

    from resources.settings import Settings
    from training.tuning import Trial

SHOWN = 10


class NotPrepared(GeocropError):
    """Prepare the dataset version first: `geocrop train VERSION`, or wait for the sensor."""

    code: ClassVar[str] = "not-prepared"


def tune_version(
    settings: Settings, version: str, learner: str, *, trials: int, out: Path, config: Path | None = None
) -> None:
    """Try hyperparameters of a learner on a dataset version, and write the best as a file for `geocrop train --config`.

    Raises:
        GeocropError: the version is not prepared, or the Ray cluster does not answer.

    """
    from geocrop_assets.prepared import prepare
    from training.scout import select_features
    from training.tuning import Study, best_of, draw, judge, settings_with

    if learner not in LEARNERS:
        raise typer.BadParameter(f"learner is one of {', '.join(LEARNERS)}")
    name: LearnerName = learner
    given = training_run_config(config)["resources"]["training"]["config"]["settings"] if config else {}
    cores = settings.threads or len(os.sched_getaffinity(0))
    asked = TrainingConfig.model_validate(given).model_copy(update={"cores": cores})
    prepared = prepare(_features(settings, version), asked)
    selection = select_features(prepared.table, prepared.split, asked)
    study = Study(prepared.table, prepared.split, tuple(selection.features), asked, name)
    tried: list[Trial] = []
    with bars() as listen:
        drawn = draw(name, trials, asked.seed)
        for trial in spread(judge, study, drawn, workers=cores, ray_address=settings.ray_address):
            tried.append(trial)
            listen("trials", len(tried) / trials)
    show(name, tried)
    best = best_of(tried)
    out.write_text(yaml.safe_dump(settings_with(given, name, best)), encoding="utf-8")
    console.print(f"{out}: the best of {trials}. Train with it: geocrop train {version} --config {out}", soft_wrap=True)


def show(learner: str, tried: list[Trial]) -> None:
    """Print the best trials."""
    best = sorted(tried, key=lambda one: -one.macro_f1)[:SHOWN]
    rows = [(one.macro_f1, one.rounds, _words(one)) for one in best]
    table(f"{learner}: macro F1 out of fold", ("macro F1", "rounds", "hyperparameters"), rows)


def _words(trial: Trial) -> str:
    if not trial.drawn:
        return "as the settings are"
    return ", ".join(f"{name} {value:.3g}" for name, value in trial.drawn.items())


def _features(settings: Settings, version: str) -> pd.DataFrame:
    from resources.tables import read_table

    with tempfile.TemporaryDirectory(prefix="geocrop-tune-") as folder:
        path = Path(folder) / "features.parquet"
        try:
            store_of(settings).download(FEATURES, f"training_features/{version}.parquet", path)
        except ObjectNotFound as error:
            raise NotPrepared(f"there are no features of dataset version {version}") from error
        return read_table(path)
