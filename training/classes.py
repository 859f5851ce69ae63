"""The class table: which land classes exist, how labels of batches find them, and what colours maps give them.

The table is data (`training/data/classes.yaml`). A code is in every crop map ever made: codes are stable for ever.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from training.errors import GeocropError

DEFAULT_TABLE = Path(__file__).parent / "data" / "classes.yaml"
MIN_CODE, MAX_CODE = 1, 254  # uint8 maps: 0 is nodata, 255 stays free

Key = TypeVar("Key", int, str)

_COLOR = re.compile(r"#[0-9a-f]{6}")
_SEPARATORS = re.compile(r"[\s_\-]+")
_WHOLE_NUMBER = re.compile(r"(\d{1,9})(?:\.0*)?")
_MONTHS_IN_YEAR = 12
_KEYS = {"code", "name", "title", "color", "aliases", "calendar"}
_SPANS = ("planting", "peak", "harvest")


class InvalidClassTable(GeocropError):
    """Correct the class table file where the message says; nothing was loaded from it."""

    code: ClassVar[str] = "invalid-class-table"


class UnknownClass(GeocropError):
    """Use a class of the class table, or add it to the table with a new code."""

    code: ClassVar[str] = "unknown-class"


@dataclass(frozen=True)
class CropCalendar:
    """When a crop is planted, greenest and harvested: first and last month, 1..12; may run over the new year."""

    planting: tuple[int, int]
    peak: tuple[int, int]
    harvest: tuple[int, int]


@dataclass(frozen=True)
class LandClass:
    """One class of the table: its uint8 map code, canonical name, title, colour `#rrggbb` and other spellings."""

    code: int
    name: str
    title: str
    color: str
    aliases: tuple[str, ...] = ()
    calendar: CropCalendar | None = None


def fold_label(raw: object) -> str:
    """Fold a label to the form it is looked up by: case, spaces, underscores, hyphens and plurals do not count.

    A whole number in any spelling (`1`, `1.0`, `"1"`, numpy scalars) folds to its digits. Missing values fold to "".
    """
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return ""
    text = unicodedata.normalize("NFKC", str(raw)).strip().casefold()
    if number := _WHOLE_NUMBER.fullmatch(text):
        return str(int(number[1]))
    return " ".join(_singular(word) for word in _SEPARATORS.split(text) if word)


def _singular(word: str) -> str:
    """Cut a plural ending; both sides of a look-up are cut alike, so it need not be good English."""
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


class ClassTable:
    """The classes in code order, found by name, by code, or by whatever a batch calls them."""

    def __init__(self, classes: Iterable[LandClass]) -> None:
        self._classes = tuple(sorted(classes, key=lambda one: one.code))
        self._by_code = _unique(((one.code, one) for one in self._classes), "code")
        self._by_name = _unique(((one.name, one) for one in self._classes), "name")
        self._by_label = _by_label(self._classes)

    @classmethod
    def load(cls, path: Path | None = None) -> ClassTable:
        """Read a class table from YAML, the one of GeoCrop by default.

        Raises `InvalidClassTable` when the file is not a class table, or codes, names or aliases clash.
        """
        return cls(_read(DEFAULT_TABLE if path is None else path))

    def resolve(self, raw: object) -> LandClass | None:
        """Return the class a raw label means (`Soya_Beans`, `1.0`, numpy scalars), or None when none does."""
        return self._by_label.get(fold_label(raw))

    def by_name(self, name: str) -> LandClass:
        """Return the class of a canonical name, or raise `UnknownClass`."""
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownClass(f"no class is called {name!r}; there are: {', '.join(self.names)}") from None

    def by_code(self, code: int) -> LandClass:
        """Return the class of a map code (any integer type), or raise `UnknownClass`."""
        try:
            return self._by_code[int(code)]
        except KeyError:
            raise UnknownClass(f"no class has code {code}; see {DEFAULT_TABLE.name}") from None

    @property
    def names(self) -> tuple[str, ...]:
        """Return all canonical names, in code order."""
        return tuple(one.name for one in self._classes)

    def __iter__(self) -> Iterator[LandClass]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name


def _unique(pairs: Iterable[tuple[Key, LandClass]], what: str) -> dict[Key, LandClass]:
    """Index classes by a key that no two of them may share."""
    index: dict[Key, LandClass] = {}
    for key, one in pairs:
        if key in index:
            raise InvalidClassTable(f"{what} {key!r} is given to {index[key].name!r} and to {one.name!r}")
        index[key] = one
    return index


def _by_label(classes: Iterable[LandClass]) -> dict[str, LandClass]:
    """Index classes by every folded spelling; a spelling of two classes is an error, not a guess."""
    index: dict[str, LandClass] = {}
    for one in classes:
        for spelling in (one.name, *one.aliases):
            folded = fold_label(spelling)
            if index.setdefault(folded, one) is not one:
                raise InvalidClassTable(
                    f"alias {spelling!r} of {one.name!r} also means {index[folded].name!r}: remove it from one"
                )
    return index


@functools.lru_cache(maxsize=4)
def _read(path: Path) -> tuple[LandClass, ...]:
    """Read the classes of a YAML file, with an error that names the file and the entry."""
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidClassTable(f"{path} cannot be read: {error}") from error
    entries = document.get("classes") if isinstance(document, Mapping) else None
    if not isinstance(entries, list) or not entries:
        raise InvalidClassTable(f"{path} has no list `classes`")
    return tuple(_land_class(entry, f"{path.name}, entry {number}") for number, entry in enumerate(entries, 1))


def _land_class(entry: object, where: str) -> LandClass:
    """Check one entry of the file and make a class of it."""
    if not isinstance(entry, Mapping) or not {"code", "name", "title", "color"} <= set(entry) <= _KEYS:
        raise InvalidClassTable(f"{where}: give code, name, title and color, and at most aliases and calendar")
    code, name, color = entry["code"], str(entry["name"]), str(entry["color"])
    if type(code) is not int or not MIN_CODE <= code <= MAX_CODE:
        raise InvalidClassTable(f"{where} ({name}): code {code!r} is not a whole number of {MIN_CODE}..{MAX_CODE}")
    if not name or name != name.strip().lower():
        raise InvalidClassTable(f"{where}: name {name!r} is not lower case")
    if not _COLOR.fullmatch(color):
        raise InvalidClassTable(f"{where} ({name}): color {color!r} is not like #00aaff, in lower case")
    aliases = tuple(str(alias) for alias in entry.get("aliases") or ())
    return LandClass(code, name, str(entry["title"]), color, aliases, _calendar(entry.get("calendar"), where))


def _calendar(entry: object, where: str) -> CropCalendar | None:
    """Check the months of one calendar."""
    if entry is None:
        return None
    if not isinstance(entry, Mapping) or set(entry) != set(_SPANS):
        raise InvalidClassTable(f"{where}: a calendar has {', '.join(_SPANS)} and nothing else")
    planting, peak, harvest = (_months(entry[span], f"{where}, {span}") for span in _SPANS)
    return CropCalendar(planting=planting, peak=peak, harvest=harvest)


def _months(span: object, where: str) -> tuple[int, int]:
    """Check that a span is two months of the year."""
    ends = tuple(span) if isinstance(span, list) else ()
    if len(ends) != 2 or any(type(month) is not int or not 1 <= month <= _MONTHS_IN_YEAR for month in ends):  # noqa: PLR2004
        raise InvalidClassTable(f"{where}: {span!r} is not the first and the last month, 1..12")
    return ends[0], ends[1]
