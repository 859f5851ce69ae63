"""A batch from bytes to rows of text: encoding, delimiter, header, and rows with their true line numbers.

Rows are read by Python's own CSV reader, the one that knows the line of every row even when quoted cells hold line
breaks, and are kept as Arrow columns, so that half a million rows of forty columns take seconds.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.samples.errors import BatchUnreadable, EmptyBatch

if TYPE_CHECKING:
    import pyarrow as pa

HEADER_BYTES = 1 << 20  # what `read_header` looks at: 10,000 columns fit
DAMAGED = "\ufffd"  # stands for a NUL byte; a cell that holds it is damaged
RAW_CHARACTERS = 200  # of a rejected row, kept in the rejects table

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_FORMATS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip file"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF file"),
)
_DELIMITERS = ",;\t|"
_CHUNK_ROWS = 2_000  # rows turned into Arrow arrays at once; more no longer fit the processor's cache
_LOOKED_AT = 4_096  # characters that tell text from binary
_MOST_CONTROL = 0.1  # share of control characters above which it is not text


class Reject(NamedTuple):
    """One line that cannot be a sample: where, why (stable code), what about it, and its text."""

    line: int
    reason: str
    detail: str
    raw: str


@dataclass(frozen=True)
class CsvText:
    """A decoded batch and how it is written."""

    text: str
    encoding: str
    delimiter: str
    header: tuple[str, ...]


@dataclass(frozen=True)
class Beginning:
    """What an upload is judged by before it is accepted: its header, the line it stands in, and the first rows.

    `text` holds header and first rows, whole records only.
    """

    header: tuple[str, ...]
    header_line: int
    text: str


@dataclass(frozen=True)
class RawRows:
    """The rows of a batch as text, in file order.

    `columns` holds strings, one per row. `line` is the line in the file where a row starts (int64, from 1), `index` its
    number among all rows, rejected ones too (int64, from 0). `rejects` are the rows that are no rows of this table.
    """

    columns: Mapping[str, pa.ChunkedArray]
    line: NDArray[np.int64]
    index: NDArray[np.int64]
    rejects: tuple[Reject, ...]
    blank: int


def read_csv_text(source: Path | BinaryIO, name: str) -> CsvText:
    """Read and decode a batch (UTF-8, UTF-16 and UTF-32 with a mark, Windows-1252), and look at its header.

    Raises `BatchUnreadable` for what is not text, `EmptyBatch` for nothing.
    """
    data = source.read_bytes() if isinstance(source, Path) else source.read()
    return _csv_text(*_decode(data, name, whole=True), name)


def read_header(source: Path | BinaryIO, name: str) -> tuple[str, ...]:
    """Return the column names of a batch from its first mebibyte."""
    if isinstance(source, Path):
        with source.open("rb") as opened:
            data = opened.read(HEADER_BYTES)
    else:
        data = source.read(HEADER_BYTES)
    return _csv_text(*_decode(data, name, whole=len(data) < HEADER_BYTES), name).header


def read_beginning(source: Path, name: str, rows: int) -> Beginning:
    """Return header and at most `rows` rows from a batch's first mebibyte.

    Raises `BatchUnreadable` for what is not text or never ends a quote, `EmptyBatch` for nothing.
    """
    with source.open("rb") as opened:
        data = opened.read(HEADER_BYTES + 1)
    whole = len(data) <= HEADER_BYTES
    text, encoding = _decode(data[:HEADER_BYTES], name, whole=whole)
    found = _csv_text(text, encoding, name)
    if not whole:
        text = text[: text.rfind("\n") + 1] or text  # the last line may be cut in two
    starts: list[int] = []
    for line, row in _records(text, found.delimiter, name):
        if starts or isinstance(row, str) or any(row):
            starts.append(line)
        if len(starts) > rows + 1:
            break
    lines = io.StringIO(text, newline="")
    end = starts[rows + 1] - 1 if len(starts) > rows + 1 else None
    return Beginning(found.header, starts[0], "".join(islice(lines, end)))


def _decode(data: bytes, name: str, *, whole: bool) -> tuple[str, str]:
    """Return text and encoding; the end of a part of a file may cut a character in two."""
    for magic, what in _OTHER_FORMATS:
        if data.startswith(magic):
            raise BatchUnreadable(f"{name} is {what}, not a CSV")
    marked = next((encoding for bom, encoding in _BOMS if data.startswith(bom)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp1252"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(data, final=whole)
        except UnicodeDecodeError:
            continue
        _refuse_binary(text, name)
        return text.replace("\0", DAMAGED), encoding
    tried = f"{marked}, as its first bytes promise" if marked else "UTF-8 or Windows-1252"
    raise BatchUnreadable(f"{name} is not {tried}: save it as UTF-8")


def _refuse_binary(text: str, name: str) -> None:
    start = text[:_LOOKED_AT]
    control = sum(character < " " and character not in "\t\r\n" for character in start)
    if control > _MOST_CONTROL * len(start):
        raise BatchUnreadable(f"{name} is not text, or UTF-16 without a byte order mark: save it as UTF-8")


def _csv_text(text: str, encoding: str, name: str) -> CsvText:
    """Find delimiter and header: the first line that is not blank."""
    start = text[:HEADER_BYTES]
    for line in io.StringIO(start):
        if line.strip():
            delimiter = _delimiter(line)
            break
    else:
        raise EmptyBatch(f"{name} is empty")
    for _, row in _records(start, delimiter, name):
        if isinstance(row, str):
            raise BatchUnreadable(f"{name}: the header cannot be read: {row}")
        if any(row):
            return CsvText(text, encoding, delimiter, tuple(cell.strip() for cell in row))
    raise EmptyBatch(f"{name} is empty")


def _delimiter(line: str) -> str:
    """Return the delimiter that the header holds most often outside quotes; a comma when it holds none."""
    outside = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


def _records(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the first line of every record with its cells, or with what is wrong with its quotes."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    first = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error) or "field limit" in str(error):
                raise BatchUnreadable(
                    f"{name}: a quote opened at or after line {first} is never closed, or a cell there is endless"
                ) from error
            # A faulty quote may have swallowed lines: each is accounted for.
            for line in range(first, reader.line_num + 1):
                yield line, f"quotes do not balance ({error})"
        else:
            yield first, row
        first = reader.line_num + 1


def read_rows(source: CsvText, columns: tuple[str, ...], name: str) -> RawRows:
    """Read the named columns of all rows; rows that are not as long as the header are rejects.

    Empty cells beyond the header do not count (a trailing delimiter). Raises `BatchUnreadable` for a quote that is
    never closed, `EmptyBatch` for a header without rows.
    """
    width = len(source.header)
    builder = _ColumnBuilder({column: source.header.index(column) for column in columns})
    rejects: list[Reject] = []
    blank = index = 0
    records = _records(source.text, source.delimiter, name)
    next(row for _, row in records if any(row))  # the header
    for line, row in records:
        if isinstance(row, str):
            rejects.append(Reject(line, "bad-quotes", row, ""))
        elif len(row) == width and row[0]:
            builder.add(row, line, index)
        elif not any(row):
            blank += 1
            continue
        elif len(row) < width or any(row[width:]):
            detail = f"{len(row)} cells under {width} columns"
            rejects.append(Reject(line, "ragged-row", detail, shorten(source.delimiter.join(row))))
        else:
            builder.add(row[:width], line, index)
        index += 1
    if index == 0:
        raise EmptyBatch(f"{name} has a header and no rows")
    return builder.build(tuple(rejects), blank)


class _ColumnBuilder:
    """Gathers rows and turns them into Arrow columns chunk by chunk, so that few Python strings live at a time."""

    def __init__(self, positions: Mapping[str, int]) -> None:
        self._positions = positions
        self._chunks: dict[str, list[pa.Array]] = {column: [] for column in positions}
        self._rows: list[list[str]] = []
        self._line: list[int] = []
        self._index: list[int] = []

    def add(self, row: list[str], line: int, index: int) -> None:
        self._rows.append(row)
        self._line.append(line)
        self._index.append(index)
        if len(self._rows) == _CHUNK_ROWS:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        cells = list(zip(*self._rows, strict=True))
        for column, position in self._positions.items():
            self._chunks[column].append(pa.array(cells[position] if cells else [], pa.string()))
        self._rows.clear()

    def build(self, rejects: tuple[Reject, ...], blank: int) -> RawRows:
        import pyarrow as pa

        self._flush()
        columns = {column: pa.chunked_array(chunks, pa.string()) for column, chunks in self._chunks.items()}
        line, index = np.array(self._line, np.int64), np.array(self._index, np.int64)
        return RawRows(columns, line, index, rejects, blank)


def shorten(raw: str) -> str:
    """Return the text of a rejected row, cut, on one line, and harmless when a spreadsheet opens it."""
    text = " ".join(raw.split())
    if len(text) > RAW_CHARACTERS:
        text = text[: RAW_CHARACTERS - 1] + "…"
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
