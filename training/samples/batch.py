"""Reading one batch: its kind from its columns, its good rows as samples to be, its bad rows apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pandas as pd

from training.samples.checks import (
    Texts,
    Verdicts,
    check_features,
    check_groups,
    check_labels,
    check_places,
    check_seasons,
    check_texts,
)
from training.samples.columns import BatchHeader, check_header
from training.samples.errors import InvalidDefaultSeason
from training.samples.numbers import MISSING
from training.samples.reading import CsvText, RawRows, read_csv_text, read_rows, shorten
from training.samples.region import ZIMBABWE, Region
from training.samples.report import BatchReport
from training.samples.seasons import parse_season

if TYPE_CHECKING:
    from training.classes import ClassTable

REJECT_COLUMNS = ("batch", "line", "reason", "detail", "raw")
DEFAULT_MAX_MISSING = 0.2  # share of a row's features that may be missing


@dataclass(frozen=True)
class Batch:
    """One batch, read and checked.

    `rows`: the good rows in file order: `line`, `index` (int64), `lon`, `lat` (float64, NaN when the batch has none),
    `season`, `label`, `group` (str; season and group may be None), and the recipe's features (float32).
    `rejects`: the others: `batch`, `line`, `reason`, `detail`, `raw`.
    """

    name: str
    header: BatchHeader
    rows: pd.DataFrame
    rejects: pd.DataFrame
    report: BatchReport


def read_batch(
    source: Path | BinaryIO,
    *,
    name: str,
    recipes: Mapping[str, Sequence[str]],
    classes: ClassTable,
    region: Region = ZIMBABWE,
    default_season: str | None = None,
    max_missing: float = DEFAULT_MAX_MISSING,
) -> Batch:
    """Read a CSV of samples; bad rows are kept apart, and only a file that is no batch at all raises.

    `recipes` maps recipe ids to feature columns. `default_season` is for rows without a season. Raises
    `BatchUnreadable`, `EmptyBatch`, `UnknownBatchKind`, `TooManyColumns`, `DuplicateColumns`, `InvalidDefaultSeason`.
    """
    default = _checked_season(default_season)
    source_text = read_csv_text(source, name)
    header = check_header(source_text.header, recipes, name=name, default_season=default)
    raw = read_rows(source_text, header.used, name)
    header = _without_empty_places(header, raw)
    verdicts = Verdicts(len(raw.line))
    rows, aliases = _check(
        raw,
        header,
        verdicts,
        classes=classes,
        region=region,
        default_season=default,
        max_missing=max_missing,
        decimal_comma=source_text.delimiter != ",",
    )
    good = verdicts.good
    kept = rows.loc[good].reset_index(drop=True)
    rejects = _rejects(name, raw, header, verdicts)
    report = _report(
        name, source=source_text, header=header, blank=raw.blank, kept=kept, rejects=rejects, aliases=aliases
    )
    return Batch(name, header, kept, rejects, report)


def _checked_season(season: str | None) -> str | None:
    if season is None:
        return None
    parsed = parse_season(season)
    if parsed is None:
        raise InvalidDefaultSeason(f"{season!r} is not a season such as 2023-2024")
    return parsed


def _without_empty_places(header: BatchHeader, raw: RawRows) -> BatchHeader:
    """Forget coordinate columns of a features batch that hold nothing at all."""
    if header.kind != "features" or header.lon is None or header.lat is None:
        return header
    if not all(_is_blank(raw, column) for column in (header.lon, header.lat)):
        return header
    warning = f"columns {header.lon} and {header.lat} are empty: taken as not there"
    return replace(header, lon=None, lat=None, warnings=(*header.warnings, warning))


def _is_blank(raw: RawRows, column: str) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = pc.utf8_lower(pc.utf8_trim_whitespace(raw.columns[column]))
    return bool(pc.all(pc.is_in(cells, pa.array(MISSING))).as_py())


def _check(
    raw: RawRows,
    header: BatchHeader,
    verdicts: Verdicts,
    *,
    classes: ClassTable,
    region: Region,
    default_season: str | None,
    max_missing: float,
    decimal_comma: bool,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Run all checks; return all rows (those with faults too) and the label aliases that were met."""
    count, places = len(raw.line), header.kind == "places"
    texts = check_texts(raw, header, verdicts)
    labels, aliases = check_labels(texts[header.label], classes, verdicts)
    lon, lat = check_places(raw, header, region, verdicts, decimal_comma=decimal_comma)
    seasons = check_seasons(_cells(texts, header.season), count, default_season, verdicts, required=places)
    # Where there are coordinates, spatial blocks group the rows, and a group column does not count.
    groups = check_groups(_cells(texts, header.group) if header.lon is None else None, count, verdicts)
    features = check_features(raw, header, max_missing, verdicts, decimal_comma=decimal_comma)
    columns = {"line": raw.line, "index": raw.index, "lon": lon, "lat": lat}
    return pd.DataFrame({**columns, "season": seasons, "label": labels, "group": groups, **features}), aliases


def _cells(texts: Mapping[str, Texts], column: str | None) -> Texts | None:
    return None if column is None else texts[column]


def _rejects(name: str, raw: RawRows, header: BatchHeader, verdicts: Verdicts) -> pd.DataFrame:
    """Put the rejects table together, in the order of lines."""
    bad = np.flatnonzero(~verdicts.good)
    cells = [raw.columns[column].take(bad).to_pylist() for column in header.used]
    records = [
        (name, int(raw.line[row]), verdicts.reason[row], verdicts.detail[row], shorten(", ".join(texts)))
        for row, texts in zip(bad, zip(*cells, strict=True), strict=True)
    ]
    records += [(name, *reject) for reject in raw.rejects]
    return rejects_table(sorted(records, key=lambda record: record[1]))


def rejects_table(records: Sequence[tuple[str, int, str, str, str]]) -> pd.DataFrame:
    """Return records as a rejects table with its types, empty ones too."""
    table = pd.DataFrame.from_records(records, columns=list(REJECT_COLUMNS))
    return table.astype({column: "int64" if column == "line" else "object" for column in REJECT_COLUMNS})


def _report(
    name: str,
    *,
    source: CsvText,
    header: BatchHeader,
    blank: int,
    kept: pd.DataFrame,
    rejects: pd.DataFrame,
    aliases: Mapping[str, str],
) -> BatchReport:
    """Count what became of the rows, and warn of what deserves a look."""
    counts = kept["label"].value_counts()
    warnings = list(header.warnings)
    if kept.empty:
        warnings.append("no row was kept")
    elif len(counts) == 1:
        warnings.append(f"one class only: {counts.index[0]}")
    if source.encoding == "cp1252":
        warnings.append("not UTF-8: read as Windows-1252; look at labels with accents")
    return BatchReport(
        name=name,
        kind=header.kind,
        recipe=header.recipe,
        encoding=source.encoding,
        delimiter=source.delimiter,
        rows_read=len(kept) + len(rejects),
        rows_kept=len(kept),
        rows_rejected=len(rejects),
        reasons=_counted(rejects["reason"]),
        blank_lines=blank,
        junk_columns=header.junk,
        ignored_columns=header.ignored,
        aliases=dict(sorted(aliases.items())),
        classes=_counted(kept["label"]),
        warnings=tuple(warnings),
    )


def _counted(values: pd.Series) -> dict[str, int]:
    """Count values, most frequent first, then by name."""
    counts = {str(value): int(count) for value, count in values.value_counts().items()}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
