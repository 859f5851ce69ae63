"""The one table that Scout, learners, ensemble and evaluation read: features, labels, groups of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from training.errors import GeocropError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

ID_COLUMNS = ("sample_id", "label", "group", "grouping")
ATTRIBUTES = ("recipe", "features", "dataset_version", "dataset_digest")


class InvalidTable(GeocropError):
    """Mend the training table: the message names the column or attribute that is missing or wrong."""

    code: ClassVar[str] = "invalid-training-table"


@dataclass(frozen=True, eq=False)
class TrainingTable:
    """Samples of one dataset version, measured by one recipe.

    `X` is float32 [n, f] in the order of `features`; NaN says that nothing was observed, infinities are
    refused. `labels`, `groups` and `sample_ids` are text [n]. Samples of one group are held out together;
    `grouping` says how the groups came about ("spatial-block", "column:<name>", "row-run"; joined by "+").
    """

    X: NDArray[np.float32]
    labels: NDArray[np.str_]
    groups: NDArray[np.str_]
    grouping: str
    features: tuple[str, ...]
    recipe: str
    dataset_version: str
    dataset_digest: str
    sample_ids: NDArray[np.str_]

    def __post_init__(self) -> None:
        if self.X.ndim != 2 or self.X.dtype != np.float32:  # noqa: PLR2004  # rows by columns
            raise InvalidTable(f"X must be float32 [n, f], and is {self.X.dtype} {list(self.X.shape)}")
        if self.X.shape[1] != len(self.features) or len(set(self.features)) != len(self.features):
            raise InvalidTable(f"{self.X.shape[1]} columns need as many different names, not {len(self.features)}")
        for name in ("labels", "groups", "sample_ids"):
            if len(getattr(self, name)) != len(self.X):
                raise InvalidTable(f"{name} has {len(getattr(self, name))} entries for {len(self.X)} rows")
        infinite = np.flatnonzero(np.isinf(self.X).any(axis=0))
        if infinite.size:
            names = [self.features[number] for number in infinite]
            raise InvalidTable(f"infinite values in {', '.join(names[:5])}: write NaN where nothing was observed")

    def __len__(self) -> int:
        return len(self.X)

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the names of all classes of the table, sorted."""
        return tuple(str(name) for name in np.unique(self.labels))

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> TrainingTable:
        """Read the frame of `training_features`.

        Columns sample_id, label, group, grouping and one for each feature; `frame.attrs` holds recipe, features
        (list), dataset_version and dataset_digest. Raises InvalidTable naming what is missing.
        """
        absent = [name for name in ATTRIBUTES if name not in frame.attrs]
        if absent:
            raise InvalidTable(f"the frame's attrs lack {', '.join(absent)}")
        features = tuple(str(name) for name in frame.attrs["features"])
        missing = [name for name in (*ID_COLUMNS, *features) if name not in frame.columns]
        if missing:
            raise InvalidTable(f"the frame lacks the columns {', '.join(missing[:10])}")
        groupings = sorted({str(name) for name in frame["grouping"]})
        return cls(
            X=np.ascontiguousarray(frame[list(features)].to_numpy(dtype=np.float32)),
            labels=_text(frame, "label"),
            groups=_text(frame, "group"),
            grouping="+".join(groupings),
            features=features,
            recipe=str(frame.attrs["recipe"]),
            dataset_version=str(frame.attrs["dataset_version"]),
            dataset_digest=str(frame.attrs["dataset_digest"]),
            sample_ids=_text(frame, "sample_id"),
        )

    def take(self, rows: NDArray[np.bool_] | NDArray[np.integer[Any]]) -> TrainingTable:
        """Return the table of these rows: a boolean mask [n] or an array of row numbers."""
        return TrainingTable(
            X=self.X[rows],
            labels=self.labels[rows],
            groups=self.groups[rows],
            grouping=self.grouping,
            features=self.features,
            recipe=self.recipe,
            dataset_version=self.dataset_version,
            dataset_digest=self.dataset_digest,
            sample_ids=self.sample_ids[rows],
        )

    def columns(self, features: Sequence[str], rows: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """Return float32 [n, len(features)] in this order, of all rows or those of a mask [len(self)].

        Raises InvalidTable for an unknown feature.
        """
        place = {name: number for number, name in enumerate(self.features)}
        unknown = [name for name in features if name not in place]
        if unknown:
            raise InvalidTable(f"the table has no feature {', '.join(unknown[:10])}")
        places = [place[name] for name in features]
        if rows is not None:
            return np.ascontiguousarray(self.X[np.ix_(np.flatnonzero(rows), np.array(places))])
        return np.ascontiguousarray(self.X[:, places])


def _text(frame: pd.DataFrame, column: str) -> NDArray[np.str_]:
    """Return a column as text [n]; an empty cell is an error: it would become a class called "nan"."""
    if frame[column].isna().any():
        raise InvalidTable(f"the column {column} has {int(frame[column].isna().sum())} empty cells")
    return frame[column].astype(str).to_numpy(dtype=np.str_)
