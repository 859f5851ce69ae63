"""`geocrop tune`: from a prepared dataset version to a file that `geocrop train --config` reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from geocrop_assets.cli.tuning import NotPrepared, tune_version
from resources.layout import FEATURES
from resources.platform import store_of
from resources.settings import Settings
from resources.tables import write_table
from training.config import TrainingConfig

QUICK = {"folds": 2, "scout": {"enabled": False}, "lightgbm": {"rounds": 6, "early_stopping": False}}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return an installation with the features of one dataset version."""
    settings = Settings(home=tmp_path / "home", threads=1)
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.random((120, 3)).astype(np.float32), columns=["a", "b", "c"])
    frame["label"] = np.where(frame["a"] > 0.5, "maize", "water")
    frame["group"] = [f"place-{number % 12}" for number in range(len(frame))]
    frame["grouping"] = "column:group"
    frame["sample_id"] = [f"s{number}" for number in range(len(frame))]
    told = {"recipe": "tiny@1", "features": ["a", "b", "c"], "dataset_version": "v1", "dataset_digest": "d" * 64}
    frame.attrs.update(told)
    path = tmp_path / "features.parquet"
    write_table(frame, path)
    store_of(settings).put_file(FEATURES, "training_features/v1.parquet", path)
    return settings


def test_the_best_trial_is_written_as_settings_of_a_training(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, out = tmp_path / "quick.yaml", tmp_path / "best.yaml"
    config.write_text(yaml.safe_dump(QUICK))
    tune_version(settings, "v1", "lightgbm", trials=3, out=out, config=config)
    best = yaml.safe_load(out.read_text())
    TrainingConfig.model_validate(best)
    assert {name: best[name] for name in ("folds", "scout")} == {name: QUICK[name] for name in ("folds", "scout")}
    assert best["lightgbm"]["rounds"] == 6
    assert "lightgbm: macro F1 out of fold" in capsys.readouterr().out


def test_a_version_that_is_not_prepared_is_told(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NotPrepared, match="v2"):
        tune_version(settings, "v2", "lightgbm", trials=1, out=tmp_path / "best.yaml")
