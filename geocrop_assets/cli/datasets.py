"""`geocrop upload`: batches into the object store, after a look at their headers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import yaml

from geocrop_assets.cli.console import console
from resources.layout import DATASETS, batch_key, complete_key, sidecar_key
from resources.platform import rules_of, store_of
from sensors.batches import VERSION_PATTERN
from training.errors import GeocropError

if TYPE_CHECKING:
    from resources.settings import Settings


class InvalidVersionName(GeocropError):
    """Name the dataset version in lower case: letters, digits, dots, hyphens; at most 63 characters."""

    code: ClassVar[str] = "invalid-version-name"


def upload_batches(
    settings: Settings,
    files: Sequence[Path],
    version: str,
    *,
    recipe: str | None = None,
    season: str | None = None,
    complete: bool = False,
) -> None:
    """Check every header, then put the batches, the sidecar, and last the marker of completeness.

    Raises:
        GeocropError: when a header is of no known kind; nothing is uploaded then.

    """
    if not VERSION_PATTERN.fullmatch(version):
        raise InvalidVersionName(f"{version!r} is no name of a dataset version: lower case, such as `2024-06`")
    check_headers(settings, files, season)
    store = store_of(settings)
    store.delete(DATASETS, complete_key(version))  # of an earlier upload: this one is not complete before its end
    told = {name: value for name, value in (("recipe", recipe), ("season", season)) if value is not None}
    if told:
        store.put(DATASETS, sidecar_key(version), yaml.safe_dump(told).encode(), content_type="application/yaml")
    for path in files:
        stat = store.put_file(DATASETS, batch_key(version, path.name), path, content_type="text/csv")
        console.print(f"uploaded {path.name} to {DATASETS}/{stat.key} ({stat.size:,} bytes)")
    if complete:
        store.put(DATASETS, complete_key(version), b"")


def check_headers(settings: Settings, files: Sequence[Path], season: str | None) -> None:
    """Raise an error that names file and columns for a CSV that is neither of places nor of features."""
    from training.samples import check_header, read_header

    recipes = rules_of(settings).recipe_columns()
    for path in files:
        header = read_header(path, path.name)
        check_header(header, recipes, name=path.name, default_season=season or settings.default_season)
