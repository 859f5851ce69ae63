"""What became of the rows of a batch and of a dataset: small, and safe for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_MAX_LISTED = 50  # entries of a list or mapping in `to_dict`: reports are shown, and event logs are kept small


@dataclass(frozen=True)
class BatchReport:
    """One batch as it was read, before it met the others."""

    name: str
    kind: str
    recipe: str | None
    encoding: str
    delimiter: str
    rows_read: int
    rows_kept: int
    rows_rejected: int
    reasons: Mapping[str, int]  # reason -> rejected rows, most frequent first
    blank_lines: int
    junk_columns: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    aliases: Mapping[str, str]  # spelling in the batch -> canonical class name
    classes: Mapping[str, int]  # class name -> kept rows
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain types; long lists are cut, and say so."""
        return {key: _cut(value) for key, value in asdict(self).items()}


@dataclass(frozen=True)
class SamplesReport:
    """A dataset as it was assembled."""

    recipe: str | None  # None when every batch is a places batch
    kinds: Mapping[str, int]  # kind -> kept samples
    rows_read: int
    rows_kept: int
    rows_rejected: int  # duplicates are not rejected: they are counted apart
    rejected_share: float
    max_reject_share: float
    reasons: Mapping[str, int]
    duplicates_within: int
    duplicates_between: int
    conflicts: int  # places (or identical rows) with more than one label; all their rows are rejected
    class_counts: Mapping[str, int]
    groupings: Mapping[str, int]  # how groups were made -> samples
    groups: int
    block_size_m: float
    warnings: tuple[str, ...]
    batches: tuple[BatchReport, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return plain types; long lists are cut, and say so."""
        plain = {key: _cut(value) for key, value in asdict(self).items() if key != "batches"}
        plain["batches"] = [batch.to_dict() for batch in self.batches[:_MAX_LISTED]]
        plain["batches_in_all"] = len(self.batches)
        return plain


def _cut(value: Any) -> Any:  # noqa: ANN401 (whatever a report holds)
    if isinstance(value, tuple | list):
        rest = len(value) - _MAX_LISTED
        return [*value[:_MAX_LISTED], *([f"and {rest} more"] if rest > 0 else [])]
    if isinstance(value, Mapping):
        return dict(list(value.items())[:_MAX_LISTED])
    return value
