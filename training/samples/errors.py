"""What can be wrong with a batch or a dataset as a whole; faults of single rows are in the rejects table instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from training.errors import GeocropError

if TYPE_CHECKING:
    import pandas as pd


class BatchUnreadable(GeocropError):
    """Save the batch as a CSV in UTF-8 and upload it again."""

    code: ClassVar[str] = "batch-unreadable"


class EmptyBatch(GeocropError):
    """Upload a batch that has a header and at least one row below it."""

    code: ClassVar[str] = "batch-empty"


class TooManyColumns(GeocropError):
    """Remove the columns that are neither features of a recipe nor place, season, label or group."""

    code: ClassVar[str] = "batch-too-many-columns"


class DuplicateColumns(GeocropError):
    """Rename or remove the columns of one name, so that it is clear which one counts."""

    code: ClassVar[str] = "batch-duplicate-columns"


class UnknownBatchKind(GeocropError):
    """Add the missing columns to the batch, or rename the ones that hold their values."""

    code: ClassVar[str] = "batch-unknown-kind"

    def __init__(self, message: str, *, nearest: str, missing: tuple[str, ...]) -> None:
        super().__init__(message)
        self.nearest = nearest
        self.missing = missing


class InvalidDefaultSeason(GeocropError):
    """Give the season of the dataset as two consecutive years, such as 2023-2024."""

    code: ClassVar[str] = "invalid-default-season"


class TooManyRejects(GeocropError):
    """Correct the rows that the rejects table lists, or raise the share of rows that may be rejected."""

    code: ClassVar[str] = "too-many-rejects"

    def __init__(self, message: str, *, rejects: pd.DataFrame) -> None:
        super().__init__(message)
        self.rejects = rejects  # the whole rejects table, to be kept where the message is shown


class MixedRecipes(GeocropError):
    """Put features batches of different recipes into different dataset versions."""

    code: ClassVar[str] = "mixed-recipes"


class DuplicateBatchNames(GeocropError):
    """Give every batch of a dataset version a name of its own."""

    code: ClassVar[str] = "duplicate-batch-names"


class NoSamples(GeocropError):
    """Upload at least one batch with one good row to this dataset version."""

    code: ClassVar[str] = "no-samples"
