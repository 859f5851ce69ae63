"""What all models of a dataset version share: the training table and how it is split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from training.config import TrainingConfig
    from training.splits import Split
    from training.table import TrainingTable


@dataclass(frozen=True)
class Prepared:
    """A training table and its split."""

    table: TrainingTable
    split: Split


def prepare(frame: pd.DataFrame, config: TrainingConfig) -> Prepared:
    """Return the training table and how it is split: the same in every asset, a pure function of both.

    Raises:
        GeocropError: one class only, or too few groups to hold any out.

    """
    from training.splits import split_blocks
    from training.table import TrainingTable

    table = TrainingTable.from_frame(frame)
    split = split_blocks(table.labels, table.groups, test_size=config.test_size, seed=config.seed, folds=config.folds)
    return Prepared(table, split)
