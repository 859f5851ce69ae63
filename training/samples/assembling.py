"""From batches to the samples of a dataset version: duplicates and conflicts settled, groups made, rejects counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from training.samples.batch import Batch, rejects_table
from training.samples.errors import DuplicateBatchNames, MixedRecipes, NoSamples, TooManyRejects
from training.samples.grouping import DEFAULT_BLOCK_M, group_rows, grouping_warnings
from training.samples.identity import identify
from training.samples.report import SamplesReport

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from training.classes import ClassTable

DEFAULT_MAX_REJECT_SHARE = 0.05
DEFAULT_FOLDS = 5
# Reasons in the rejects table that are nobody's fault: the sample is there already. They do not count as rejected.
DUPLICATE_REASONS = ("duplicate-within", "duplicate-between")
_CONFLICT = "conflicting-label"
_NAMED_REASONS, _NAMED_LINES, _NAMED_LABELS = 3, 5, 5


@dataclass(frozen=True)
class Samples:
    """The samples of a dataset version, what was kept apart, and what became of all rows.

    `table` (EPSG:4326): `sample_id`, `batch`, `line`, `kind`, `lon`, `lat`, `season`, `label`, `group`, `grouping`, the
    recipe's features (float32, NaN for places samples) and `geometry` (None without coordinates), by batch and line.
    """

    table: GeoDataFrame
    rejects: pd.DataFrame
    report: SamplesReport


def assemble_samples(
    batches: Iterable[Batch],
    *,
    classes: ClassTable,
    block_size_m: float = DEFAULT_BLOCK_M,
    max_reject_share: float = DEFAULT_MAX_REJECT_SHARE,
    folds: int = DEFAULT_FOLDS,
) -> Samples:
    """Put the batches of a dataset version together; the result does not depend on their order.

    One sample in several rows counts once, in the first batch by name. Rows of one place and season (or with identical
    features) that disagree on the label are all rejected. `folds` serves the warning of classes too small for them.
    Raises `TooManyRejects`, `MixedRecipes`, `DuplicateBatchNames`, `NoSamples`.
    """
    ordered = sorted(batches, key=lambda batch: batch.name)
    recipe, features = _one_recipe(ordered)
    rows = _joined(ordered, recipe, features, block_size_m)
    conflicting = _conflicting(rows)
    duplicate = _duplicates(rows, conflicting)
    kept = ~conflicting & (duplicate == "")
    settled = [*_conflict_records(rows, conflicting), *_duplicate_records(rows, duplicate)]
    tables = [batch.rejects for batch in ordered if not batch.rejects.empty]
    rejects = pd.concat([*tables, rejects_table(settled)], ignore_index=True) if tables else rejects_table(settled)
    rejects = rejects.sort_values(["batch", "line"], kind="stable", ignore_index=True)
    _refuse_too_many(rejects, ordered, max_reject_share)
    table = rows.loc[kept].reset_index(drop=True)
    if table.empty:
        raise NoSamples(f"no sample is left of {len(ordered)} batches; the rejects table says why")
    conflicts = int(rows.loc[conflicting, "identity"].nunique())
    report = _report(
        ordered,
        table,
        rejects,
        recipe=recipe,
        class_counts=_class_counts(table, classes),
        conflicts=conflicts,
        block_size_m=block_size_m,
        max_reject_share=max_reject_share,
        folds=folds,
    )
    return Samples(_with_geometry(table.drop(columns="identity")), rejects, report)


def thin_classes(class_counts: Mapping[str, int], folds: int) -> dict[str, int]:
    """Return the classes with fewer samples than folds: some fold holds none of them."""
    return {name: count for name, count in class_counts.items() if count < folds}


def _one_recipe(batches: Sequence[Batch]) -> tuple[str | None, tuple[str, ...]]:
    """Return the recipe of the features batches and its columns; there may be only one, and every name only once."""
    twice = [name for name, times in Counter(batch.name for batch in batches).items() if times > 1]
    if twice:
        raise DuplicateBatchNames(f"more than one batch is called {twice[0]}")
    if not batches:
        raise NoSamples("the dataset version has no batch")
    first = {batch.header.recipe: batch for batch in reversed(batches) if batch.header.recipe is not None}
    if len(first) > 1:
        found = ", ".join(f"{recipe} ({batch.name})" for recipe, batch in sorted(first.items()))
        raise MixedRecipes(f"the batches bring features of different recipes: {found}")
    for recipe, batch in first.items():
        return recipe, batch.header.features
    return None, ()


def _joined(batches: Sequence[Batch], recipe: str | None, features: Sequence[str], block_size_m: float) -> pd.DataFrame:
    """Return the rows of all batches under each other, with identity, sample id and group."""
    parts = [_part(batch, features, block_size_m) for batch in batches if not batch.rows.empty]
    if not parts:
        return _part(batches[0], features, block_size_m)
    columns = {column: np.concatenate([part[column].to_numpy() for part in parts]) for column in parts[0].columns}
    return pd.DataFrame(columns)


def _part(batch: Batch, features: Sequence[str], block_size_m: float) -> pd.DataFrame:
    """Return the rows of one batch with the columns of the samples table."""
    rows, count = batch.rows, len(batch.rows)
    own = batch.header.features
    identified = identify(rows, own, batch.header.recipe)
    groups, grouping = group_rows(batch, block_size_m)
    absent = np.full(count, np.nan, dtype=np.float32)
    return pd.DataFrame(
        {
            "sample_id": identified["sample_id"],
            "batch": np.full(count, batch.name, dtype=object),
            "line": rows["line"],
            "kind": np.full(count, batch.header.kind, dtype=object),
            "lon": rows["lon"],
            "lat": rows["lat"],
            "season": rows["season"].astype(object),
            "label": rows["label"].astype(object),
            "group": groups,
            "grouping": np.full(count, grouping, dtype=object),
            "identity": identified["identity"],
            **{feature: rows[feature] if feature in own else absent for feature in features},
        }
    )


def _conflicting(rows: pd.DataFrame) -> np.ndarray:
    """Tell which rows share their identity with a row of another label."""
    codes, _ = pd.factorize(rows["identity"])
    labels, _ = pd.factorize(rows["label"])
    pairs = pd.DataFrame({"identity": codes, "label": labels}).drop_duplicates()
    times = np.bincount(pairs["identity"].to_numpy(), minlength=1)
    return np.asarray(times[codes] > 1)


def _duplicates(rows: pd.DataFrame, conflicting: np.ndarray) -> np.ndarray:
    """Return the duplicate reason of every row, "" for the first of its identity; conflicting rows are not asked."""
    again = rows["identity"].duplicated(keep="first").to_numpy() & ~conflicting
    first_batch = rows.groupby("identity", sort=False)["batch"].transform("first") if len(rows) else rows["batch"]
    within = (first_batch == rows["batch"]).to_numpy()
    return np.where(again, np.where(within, *DUPLICATE_REASONS), "")


def _conflict_records(rows: pd.DataFrame, conflicting: np.ndarray) -> list[tuple[str, int, str, str, str]]:
    """Return the rejects of conflicting labels, which name the labels."""
    part = rows.loc[conflicting, ["batch", "line", "label", "identity"]]
    labels = part.groupby("identity", sort=False)["label"].agg(lambda some: sorted(set(some))).to_dict()
    return [
        (batch, int(line), _CONFLICT, f"labelled {', '.join(labels[identity][:_NAMED_LABELS])}", label)
        for batch, line, label, identity in part.itertuples(index=False)
    ]


def _duplicate_records(rows: pd.DataFrame, duplicate: np.ndarray) -> list[tuple[str, int, str, str, str]]:
    """Return the rejects of duplicates, which name the row that counts."""
    again = duplicate != ""
    part = rows.loc[again, ["batch", "line", "label", "identity"]]
    wanted = rows.loc[rows["identity"].isin(part["identity"]), ["batch", "line", "identity"]]
    counts = {row.identity: f"{row.batch}, line {row.line}" for row in wanted[::-1].itertuples()}
    return [
        (batch, int(line), reason, f"same as {counts[identity]}", label)
        for (batch, line, label, identity), reason in zip(part.itertuples(index=False), duplicate[again], strict=True)
    ]


def _is_fault(rejects: pd.DataFrame) -> pd.Series:
    return ~rejects["reason"].isin(DUPLICATE_REASONS)


def _refuse_too_many(rejects: pd.DataFrame, batches: Sequence[Batch], max_share: float) -> None:
    """Raise `TooManyRejects` with the most frequent reasons and the lines where each is met first."""
    faults = rejects.loc[_is_fault(rejects)]
    read = sum(batch.report.rows_read for batch in batches)
    if len(faults) <= max_share * read:
        return
    told = []
    for reason, count in faults["reason"].value_counts(sort=True).head(_NAMED_REASONS).items():
        rows = faults.loc[faults["reason"] == reason].head(_NAMED_LINES)
        lines = ", ".join(f"{batch}:{line}" for batch, line in zip(rows["batch"], rows["line"], strict=True))
        told.append(f"{reason} ({count}: {lines}{', ...' if count > len(rows) else ''}; e.g. {rows['detail'].iloc[0]})")
    raise TooManyRejects(
        f"{len(faults)} of {read} rows are rejected ({len(faults) / read:.1%}, at most {max_share:.1%} may be): "
        + "; ".join(told),
        rejects=rejects,
    )


def _report(
    batches: Sequence[Batch],
    table: pd.DataFrame,
    rejects: pd.DataFrame,
    *,
    recipe: str | None,
    class_counts: Mapping[str, int],
    conflicts: int,
    block_size_m: float,
    max_reject_share: float,
    folds: int,
) -> SamplesReport:
    """Count what became of the rows of all batches."""
    reasons = {str(reason): int(count) for reason, count in rejects["reason"].value_counts().items()}
    read = sum(batch.report.rows_read for batch in batches)
    rejected = int(_is_fault(rejects).sum())
    return SamplesReport(
        recipe=recipe,
        kinds={str(kind): int(count) for kind, count in table["kind"].value_counts().items()},
        rows_read=read,
        rows_kept=len(table),
        rows_rejected=rejected,
        rejected_share=rejected / read,
        max_reject_share=max_reject_share,
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        duplicates_within=reasons.get(DUPLICATE_REASONS[0], 0),
        duplicates_between=reasons.get(DUPLICATE_REASONS[1], 0),
        conflicts=conflicts,
        class_counts=class_counts,
        groupings={str(how): int(count) for how, count in table["grouping"].value_counts().items()},
        groups=int(table["group"].nunique()),
        block_size_m=float(block_size_m),
        warnings=tuple(_warnings(batches, class_counts, folds)),
        batches=tuple(batch.report for batch in batches),
    )


def _class_counts(table: pd.DataFrame, classes: ClassTable) -> dict[str, int]:
    """Count the samples of every class that is there, in the order of codes."""
    counts = table["label"].value_counts().to_dict()
    return {name: int(counts[name]) for name in classes.names if name in counts}


def _warnings(batches: Sequence[Batch], class_counts: Mapping[str, int], folds: int) -> list[str]:
    """Say what deserves a look before training."""
    told = [f"{batch.name}: {warning}" for batch in batches for warning in batch.report.warnings]
    told += grouping_warnings(batches)
    if len(class_counts) == 1:
        told.append(f"the whole dataset has one class only, {next(iter(class_counts))}: nothing can be learned from it")
    told += [
        f"{name} has {count} samples, fewer than the {folds} folds"
        for name, count in thin_classes(class_counts, folds).items()
    ]
    return told


def _with_geometry(table: pd.DataFrame) -> GeoDataFrame:
    """Return the table with points in WGS 84, None where a sample has no coordinates."""
    import geopandas
    import shapely

    geometry = np.full(len(table), None, dtype=object)
    placed = table["lon"].notna().to_numpy()
    geometry[placed] = shapely.points(table.loc[placed, ["lon", "lat"]].to_numpy())
    return geopandas.GeoDataFrame(table, geometry=geometry, crs="EPSG:4326")
