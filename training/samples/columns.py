"""The contract of a batch's columns: what makes it a places batch or a features batch, and what is left out.

A places batch has `lon, lat, season, label`. A features batch has all feature columns of one recipe, and `label`; it
may have `lon, lat, season, group` too. Only the header is looked at, so that an upload can be refused unread.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from training.samples.errors import DuplicateColumns, TooManyColumns, UnknownBatchKind

Kind = Literal["places", "features"]

# Columns that are no recipe's features. An export has tens; thousands are a mistake (a transposed table, a raster).
MAX_EXTRA_COLUMNS = 256
_NAMED = 12  # names a message lists before it says how many more there are

# What a column is called, best name first: where two of one row are there, the first counts and the other is ignored.
ROLE_NAMES: Mapping[str, tuple[str, ...]] = {
    "label": ("label", "class", "class_name", "crop_type", "croptype", "crop", "crop_name", "land_cover", "landcover"),
    "lon": ("lon", "longitude", "long", "lng", "decimal_longitude", "x"),
    "lat": ("lat", "latitude", "decimal_latitude", "y"),
    "season": ("season", "crop_season", "cropping_season", "growing_season"),
    "group": ("group", "group_id", "block", "block_id", "cluster", "cluster_id", "site", "site_id"),
}
# Columns that exports add: ids and serialised geometry. They would only let a learner memorise rows.
JUNK_NAMES = frozenset(
    {".geo", "system:index", "row_id", "rowid", "fid", "id", "gid", "oid", "uid", "uuid", "pk", "objectid", "object_id"}
    | {"feature_id", "globalid", "index", "level_0"}
)
_JUNK_PATTERN = re.compile(r"(unnamed: ?\d+)?")


@dataclass(frozen=True)
class BatchHeader:
    """What the columns of a batch are for; names are those of the file."""

    kind: Kind
    recipe: str | None  # id of the recipe of a features batch
    features: tuple[str, ...]  # in the order of the recipe
    label: str
    lon: str | None
    lat: str | None
    season: str | None
    group: str | None
    junk: tuple[str, ...]  # dropped by name
    ignored: tuple[str, ...]  # dropped because nothing knows them
    warnings: tuple[str, ...]

    @property
    def used(self) -> tuple[str, ...]:
        """Return the columns that are read."""
        roles = (self.label, self.lon, self.lat, self.season, self.group)
        return (*(column for column in roles if column is not None), *self.features)


def check_header(
    columns: Sequence[str],
    recipes: Mapping[str, Sequence[str]],
    *,
    name: str = "the batch",
    default_season: str | None = None,
) -> BatchHeader:
    """Tell what kind of batch a header makes; quick whatever the number of columns.

    `recipes` maps recipe ids to their feature columns. With a `default_season` a places batch needs no `season`.
    Raises `UnknownBatchKind`, `TooManyColumns` or `DuplicateColumns`.
    """
    columns = [column.strip() for column in columns]
    _refuse_too_many(columns, recipes, name)
    present = set(columns)
    recipe, warnings = _fitting_recipe(present, recipes)
    features = tuple(recipes[recipe]) if recipe is not None else ()
    roles = _roles(columns, set(features))
    if "label" not in roles:
        recipe = None
    required = ["lon", "lat", "label"] if default_season is not None else ["lon", "lat", "season", "label"]
    if recipe is None and not set(required) <= set(roles):
        raise _unknown_kind(present, roles, required, recipes, name)
    header = _header(columns, recipe, features if recipe is not None else (), roles, warnings)
    _refuse_duplicates(columns, header, name)
    return header


def _refuse_too_many(columns: Sequence[str], recipes: Mapping[str, Sequence[str]], name: str) -> None:
    known = {feature for features in recipes.values() for feature in features}
    extra = sum(column not in known for column in columns)
    if extra > MAX_EXTRA_COLUMNS:
        raise TooManyColumns(
            f"{name} has {len(columns)} columns, {extra} of them no recipe's features; at most {MAX_EXTRA_COLUMNS} may"
            " be: is it a batch at all, or transposed?"
        )


def _fitting_recipe(present: set[str], recipes: Mapping[str, Sequence[str]]) -> tuple[str | None, tuple[str, ...]]:
    """Return the recipe whose feature columns are all there: the one with most features, then the last by id."""
    fitting = sorted(
        (len(features), _natural(recipe), recipe)
        for recipe, features in recipes.items()
        if features and present.issuperset(features)
    )
    if not fitting:
        return None, ()
    chosen, others = fitting[-1][2], [recipe for _, _, recipe in fitting[:-1]]
    return chosen, (f"the columns also fit {_list(others)}; taken as {chosen}",) if others else ()


def _natural(recipe: str) -> tuple[str, int]:
    """Sort key of a recipe id, so that version 10 comes after version 9."""
    base, _, version = recipe.rpartition("@")
    return (base, int(version)) if version.isdigit() else (recipe, 0)


def _roles(columns: Sequence[str], features: set[str]) -> dict[str, str]:
    """Find the columns of place, season, label and group, by all the names they go by."""
    by_name: dict[str, str] = {}
    for column in columns:
        if column not in features:
            by_name.setdefault(re.sub(r"[\s\-]+", "_", column.casefold()), column)
    found = {role: by_name[names[0]] for role, names in _present_names(by_name).items()}
    if not {"lon", "lat"} <= set(found):
        found.pop("lon", None)
        found.pop("lat", None)
    return found


def _present_names(by_name: Mapping[str, str]) -> dict[str, list[str]]:
    """Return for every role that is there its names that are there, best first."""
    present = {role: [name for name in names if name in by_name] for role, names in ROLE_NAMES.items()}
    return {role: names for role, names in present.items() if names}


def _unknown_kind(
    present: set[str],
    roles: Mapping[str, str],
    required: Sequence[str],
    recipes: Mapping[str, Sequence[str]],
    name: str,
) -> UnknownBatchKind:
    """Say which columns are missing for the kind of batch that the header comes nearest to."""
    candidates = [("a places batch", list(required), [role for role in required if role not in roles])]
    for recipe, features in recipes.items():
        missing = [feature for feature in features if feature not in present]
        missing += [] if "label" in roles else ["label"]
        candidates.append((f"a features batch of {recipe}", [*features, "label"], missing))
    nearest, needed, missing = min(candidates, key=lambda one: len(one[2]) / len(one[1]))
    message = f"{name} is nearest to {nearest}, but misses {len(missing)} of {len(needed)} columns: {_list(missing)}"
    if missing == ["season"]:
        message += "; add the column, or give the season of the whole dataset (default_season)"
    if present and sum(_is_number(column) for column in present) > len(present) / 2:
        message += "; its first row holds numbers: is the header missing?"
    return UnknownBatchKind(message, nearest=nearest, missing=tuple(missing))


def _header(
    columns: Sequence[str],
    recipe: str | None,
    features: tuple[str, ...],
    roles: Mapping[str, str],
    warnings: tuple[str, ...],
) -> BatchHeader:
    """Put the header together, with what is dropped."""
    used = {*features, *roles.values()}
    rest = [column for column in dict.fromkeys(columns) if column not in used]
    junk = tuple(column for column in rest if _is_junk(column))
    return BatchHeader(
        kind="features" if recipe is not None else "places",
        recipe=recipe,
        features=features,
        label=roles["label"],
        lon=roles.get("lon"),
        lat=roles.get("lat"),
        season=roles.get("season"),
        group=roles.get("group"),
        junk=tuple(column or "(no name)" for column in junk),
        ignored=tuple(column for column in rest if not _is_junk(column)),
        warnings=warnings,
    )


def _refuse_duplicates(columns: Sequence[str], header: BatchHeader, name: str) -> None:
    used = set(header.used)
    twice = [column for column, times in Counter(columns).items() if times > 1 and column in used]
    if twice:
        raise DuplicateColumns(f"{name} has more than one column called {_list(twice)}")


def _is_junk(column: str) -> bool:
    folded = column.casefold()
    return folded in JUNK_NAMES or _JUNK_PATTERN.fullmatch(folded) is not None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _list(names: Sequence[str]) -> str:
    """Join names for a message, cut where it would not be read."""
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
