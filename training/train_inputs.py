"""The table that `python -m training.train` learns from: GeoCrop's own Parquet, or any table of features and labels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from training.errors import GeocropError
from training.table import ATTRIBUTES, ID_COLUMNS, TrainingTable

if TYPE_CHECKING:
    from training.samples import SamplesReport

METADATA_KEY = b"geocrop"  # in the Parquet schema: the frame's attrs as JSON
NUMERIC_SHARE = 0.8  # of a column's filled cells that must be numbers for it to be a feature
# What tables call bookkeeping: the number of a batch or line would only let a learner memorise rows.
BOOKKEEPING = frozenset({"batch", "first_batch", "line", "kind", "grouping", "sample_id", "geometry", "fold", "split"})


class UnusableDataset(GeocropError):
    """Give a CSV or Parquet table with a label column and numeric feature columns: the message says what is missing."""

    code: ClassVar[str] = "unusable-dataset"


def read_training_table(
    path: Path, *, version: str, recipe: str | None = None
) -> tuple[TrainingTable, tuple[str, ...]]:
    """Read a table and return it with warnings.

    A Parquet of `training_features` is taken as it is. Any other Parquet or CSV goes through the contract of samples:
    labels by alias, junk columns dropped by name, bad rows rejected, groups from a group column, coordinates or runs
    of rows; its features are the numeric columns that are left, and its recipe is `recipe` or a name made from them.
    Raises UnusableDataset, InvalidTable or an error of `training.samples`.
    """
    if not path.is_file():
        raise UnusableDataset(f"{version}: there is no file to read")
    if path.suffix.lower() not in {".parquet", ".geoparquet"}:
        return _from_csv(path.read_bytes(), version, recipe)
    frame = _read_parquet(path)
    if all(name in frame.attrs for name in ATTRIBUTES) and set(ID_COLUMNS) <= set(frame.columns):
        return TrainingTable.from_frame(frame), ()
    text = frame.drop(columns="geometry", errors="ignore").to_csv(index=False).encode()
    return _from_csv(text, version, recipe)


def _read_parquet(path: Path) -> pd.DataFrame:
    """Read the columns, without geometry, and the attrs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
        frame = pd.read_parquet(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise UnusableDataset(f"{path.name} is not Parquet: {error}") from error
    stored = (schema.metadata or {}).get(METADATA_KEY)
    if stored:
        given: dict[str, Any] = json.loads(stored)
        frame.attrs = given.get("attrs", given)
    return frame


def _from_csv(data: bytes, version: str, recipe: str | None) -> tuple[TrainingTable, tuple[str, ...]]:
    """Read a plain table by the contract of samples."""
    from training.classes import ClassTable
    from training.samples import EVERYWHERE, assemble_samples, read_batch

    features = numeric_columns(data)
    if not features:
        raise UnusableDataset(f"{version}: no numeric column is left beside labels, places and junk")
    name = recipe or f"table-{_digest(json.dumps(features).encode())[:12]}@1"
    classes = ClassTable.load()
    batch = read_batch(BytesIO(data), name=version, recipes={name: features}, classes=classes, region=EVERYWHERE)
    samples = assemble_samples([batch], classes=classes)
    frame = pd.DataFrame(samples.table)
    frame.attrs = {
        "recipe": name,
        "features": list(features),
        "dataset_version": version,
        "dataset_digest": _digest(data),
    }
    return TrainingTable.from_frame(frame), tuple(_warnings(samples.report))


def numeric_columns(data: bytes) -> tuple[str, ...]:
    """Return the columns of a CSV that can be features, in file order: numbers, and neither roles nor bookkeeping."""
    from training.samples.columns import JUNK_NAMES, ROLE_NAMES

    taken = {name for names in ROLE_NAMES.values() for name in names} | JUNK_NAMES | BOOKKEEPING
    try:
        frame = pd.read_csv(BytesIO(data), sep=None, engine="python", dtype=str)
    except (ValueError, pd.errors.ParserError) as error:
        raise UnusableDataset(f"the table cannot be read as CSV: {error}") from error
    kept = [str(column) for column in frame.columns]
    return tuple(
        column
        for column in kept
        if column.strip().lower() not in taken
        and not column.lower().startswith("unnamed")
        and _is_numeric(frame[column])
    )


def _is_numeric(column: pd.Series[Any]) -> bool:
    filled = column.dropna()
    return len(filled) > 0 and float(pd.to_numeric(filled, errors="coerce").notna().mean()) >= NUMERIC_SHARE


def _warnings(report: SamplesReport) -> Sequence[str]:
    facts = report.to_dict()
    return [str(warning) for warning in facts.get("warnings", ())]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
