"""Whether an uploaded CSV can be a batch, told before it is accepted: file, line and column of each fault."""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resources.layout import BATCH_SUFFIX
from resources.object_store.base import is_key
from training.errors import GeocropError

if TYPE_CHECKING:
    from resources.rules import DatasetRules
    from training.classes import ClassTable
    from training.samples import BatchHeader, Beginning, Region

#: Rows that are read by the contract of samples before a batch is accepted; the rest is training's to judge.
FIRST_ROWS = 50
#: Faults told of one file: the first ones show what is wrong.
MAX_FAULTS = 20
BLOCK_BYTES = 1 << 20
MAX_NAME_LENGTH = 120
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[\d.]+([eE][+-]?\d+)?")
#: Bytes that Windows-1252 has no character for: a text without UTF-8 that holds one is damaged.
_NOT_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Faults of a first row that refuse the batch by themselves: nothing good holds them.
_NEVER = frozenset({"formula-cell", "damaged-text"})
#: Column that a reason speaks of, where its detail does not name one.
_ROLE_OF = {"label": "label", "season": "season", "group": "group"}


@dataclass(frozen=True)
class Fault:
    """One thing that refuses an upload. `line` counts from 1; `column` is the header's name, or a number from 1."""

    file: str
    line: int | None
    column: str | None
    code: str
    reason: str

    def to_dict(self) -> dict[str, object]:
        """Return the fault as the problem form shows it."""
        return asdict(self)


@dataclass(frozen=True)
class BatchRules:
    """What batches are judged by, loaded once for an upload."""

    recipes: Mapping[str, Sequence[str]]
    classes: ClassTable
    region: Region
    default_season: str | None

    @classmethod
    def of(cls, rules: DatasetRules, season: str | None) -> BatchRules:
        """Return the installation's rules, with the season that the dataset gives."""
        return cls(rules.recipe_columns(), rules.load_classes(), rules.region(), season or rules.default_season)


def name_problem(name: str) -> str | None:
    """Say why a name cannot be that of a batch, or None: plain, visible, `.csv`, and one segment of a key."""
    if not name or not name[0].isalnum():
        return "a name begins with a letter or a digit"
    if not name.lower().endswith(BATCH_SUFFIX):
        return "a batch is a .csv file"
    if len(name) > MAX_NAME_LENGTH:
        return f"a name has at most {MAX_NAME_LENGTH} characters"
    if "/" in name or not is_key(name) or any(unicodedata.category(one)[0] in "CZ" and one != " " for one in name):
        return "a name holds no slash, backslash or hidden character"
    return None


def check_beginning(path: Path, name: str, rules: BatchRules) -> tuple[BatchHeader | None, list[Fault]]:
    """Judge header and first rows of a file by the contract of samples; return what the header is, and the faults."""
    from training.samples import BatchUnreadable, UnknownBatchKind, check_header, read_beginning

    try:
        start = read_beginning(path, name, FIRST_ROWS)
        faults = _header_faults(start, name)
        header = check_header(start.header, rules.recipes, name=name, default_season=rules.default_season)
        faults += [] if faults else _row_faults(start, header, name, rules)
    except UnknownBatchKind as error:
        told = [(None, str(error)), *[(one, f"column {one} is missing") for one in error.missing[:MAX_FAULTS]]]
        return None, [Fault(name, start.header_line, column, error.code, words) for column, words in told]
    except BatchUnreadable as error:
        line = min((fault.line or 1 for fault in scan_text(path, name)[1]), default=1)
        return None, [Fault(name, line, None, error.code, str(error))]
    except GeocropError as error:
        return None, [Fault(name, 1, None, error.code, str(error))]
    return header, faults


def _header_faults(start: Beginning, name: str) -> list[Fault]:
    """Find formulas and damaged text among the column names."""
    found = []
    for number, column in enumerate(start.header, 1):
        shown = column[:40] or str(number)
        if _FORMULA.match(column) and not _NUMBER.fullmatch(column):
            reason = f"column {number} is called {column[:40]!r}, which a spreadsheet runs as a formula"
            found.append(Fault(name, start.header_line, shown, "formula-cell", reason))
        elif any(one == "\ufffd" or unicodedata.category(one) == "Cc" for one in column):
            reason = f"the name of column {number} holds a byte that is no text"
            found.append(Fault(name, start.header_line, str(number), "damaged-text", reason))
    return found[:MAX_FAULTS]


def _row_faults(start: Beginning, header: BatchHeader, name: str, rules: BatchRules) -> list[Fault]:
    """Read the first rows: refuse formulas and damaged cells, and a file of which no row is good."""
    from training.samples import read_batch

    batch = read_batch(
        io.BytesIO(start.text.encode()),
        name=name,
        recipes=rules.recipes,
        classes=rules.classes,
        region=rules.region,
        default_season=rules.default_season,
    )
    rejects = batch.rejects[["line", "reason", "detail"]].to_dict("records")
    faults = [
        Fault(name, row["line"], _column(row["reason"], row["detail"], header), row["reason"], _words(row))
        for row in rejects
    ]
    never = [fault for fault in faults if fault.code in _NEVER]
    return (never or (faults if batch.rows.empty else []))[:MAX_FAULTS]


def _words(row: Mapping[Hashable, Any]) -> str:
    return ": ".join(part for part in (str(row["reason"]).replace("-", " "), str(row["detail"])) if part)


def _column(reason: str, detail: str, header: BatchHeader) -> str | None:
    """Return the column that a rejected row's reason is about."""
    named = detail.partition(":")[0]
    if named in header.used:
        return named
    role = next((role for word, role in _ROLE_OF.items() if word in reason), None)
    if role is not None:
        found: str | None = getattr(header, role)
        return found
    if any(word in reason for word in ("coordinate", "region", "lat")):
        return header.lon
    return None


def scan_text(path: Path, name: str) -> tuple[int, list[Fault]]:
    """Read a whole file in blocks: return its lines below the header, and the first byte that is no text.

    The library reads UTF-8, or else Windows-1252, or what the first bytes promise; this finds what it could not read,
    and NUL bytes, with the line.
    """
    with path.open("rb") as file:
        start = file.read(4)
    wide = next((encoding for mark, encoding in _WIDE if start.startswith(mark)), None)
    marked = start.startswith(codecs.BOM_UTF8)
    state = _Scan(codecs.getincrementaldecoder(wide or "utf-8")(), nul="\0" if wide else b"\0")
    for block in _blocks(path):
        state.take(block, wide=wide is not None)
    state.end()
    bad = state.undecodable
    if bad is not None and not wide and not marked:
        bad = state.not_cp1252
    faults = []
    if state.nul_line is not None:
        faults.append(Fault(name, state.nul_line, None, "nul-byte", "a NUL byte: the file is damaged, or no text"))
    if bad is not None:
        promised = "what its first bytes promise" if wide or marked else "UTF-8 or Windows-1252"
        faults.append(Fault(name, bad, None, "batch-unreadable", f"a byte that is not {promised}: save it as UTF-8"))
    return max(state.lines - 1, 0), faults


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


class _Scan:
    """Counts lines block by block and remembers the line of the first fault of each kind."""

    def __init__(self, decoder: codecs.IncrementalDecoder, *, nul: str | bytes) -> None:
        self._decoder = decoder
        self._nul = nul
        self._ends = 0  # line ends so far
        self._open = False  # characters after the last line end
        self.undecodable: int | None = None
        self.not_cp1252: int | None = None
        self.nul_line: int | None = None

    @property
    def lines(self) -> int:
        """Lines so far, the last one without an end too."""
        return self._ends + self._open

    def take(self, block: bytes, *, wide: bool) -> None:
        """Read one block: as text where characters are wider than a byte, else as it is."""
        text = self._decoded(block)
        if wide:
            self._look(text, "\n")
        else:
            if self.not_cp1252 is None and (match := _NOT_CP1252.search(block)):
                self.not_cp1252 = self._ends + block.count(b"\n", 0, match.start()) + 1
            self._look(block, b"\n")

    def end(self) -> None:
        """See whether the last character is whole."""
        if self.undecodable is None:
            try:
                self._decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                self.undecodable = max(self.lines, 1)

    def _decoded(self, block: bytes) -> str:
        if self.undecodable is not None:
            return ""
        try:
            return self._decoder.decode(block)
        except UnicodeDecodeError as error:
            self.undecodable = self._ends + block.count(b"\n", 0, error.start) + 1
            return ""

    def _look(self, part: str | bytes, end: str | bytes) -> None:
        at = part.find(self._nul)  # type: ignore[arg-type]
        if at >= 0 and self.nul_line is None:
            self.nul_line = self._ends + part.count(end, 0, at) + 1  # type: ignore[arg-type]
        self._ends += part.count(end)  # type: ignore[arg-type]
        if part:
            self._open = not part.endswith(end)  # type: ignore[arg-type]
