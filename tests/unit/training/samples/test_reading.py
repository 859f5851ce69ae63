"""Bytes become rows of text with true line numbers, whatever wrote the file."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from training.samples import BatchUnreadable, EmptyBatch, read_header
from training.samples.reading import RawRows, read_csv_text, read_rows, shorten


def _read(data: bytes | str, columns: tuple[str, ...] = ("a", "b")) -> RawRows:
    source = read_csv_text(io.BytesIO(data.encode() if isinstance(data, str) else data), "x.csv")
    return read_rows(source, columns, "x.csv")


def _column(raw: RawRows, name: str) -> list[str]:
    return list(raw.columns[name].to_pylist())


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
    ],
)
def test_an_encoding_is_recognised(encoding: str, found: str) -> None:
    source = read_csv_text(io.BytesIO("a,b\nMaïs \u2013 long,2\n".encode(encoding)), "x.csv")
    assert source.encoding == found
    assert source.header == ("a", "b")
    assert _column(read_rows(source, ("a",), "x.csv"), "a") == ["Maïs \u2013 long"]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("a,b\n1,2\n".encode("utf-16-le"), "UTF-16 without"),
        (b"PK\x03\x04 rest", "Excel"),
        (b"\x1f\x8b rest", "gzip"),
        (b"PAR1 rest", "Parquet"),
        (b"a,b\n\x81\x8d,\xff\n", "UTF-8 or Windows-1252"),
        (b"\xff\xfea", "utf-16"),
    ],
)
def test_what_is_not_text_is_refused_by_name(data: bytes, complaint: str) -> None:
    with pytest.raises(BatchUnreadable, match=complaint):
        read_csv_text(io.BytesIO(data), "x.csv")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \r\n", b",,\n,,\n"])
def test_an_empty_file_is_called_empty(data: bytes) -> None:
    with pytest.raises(EmptyBatch, match=r"x\.csv is empty"):
        read_csv_text(io.BytesIO(data), "x.csv")


def test_a_header_without_rows_is_called_so() -> None:
    with pytest.raises(EmptyBatch, match="header and no rows"):
        _read("a,b\n\n")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_recognised(delimiter: str) -> None:
    raw = _read(f'a{delimiter}"b"{delimiter}"c, d; e"\n1{delimiter}2{delimiter}3\n')
    assert (_column(raw, "a"), _column(raw, "b")) == (["1"], ["2"])


def test_quoted_line_breaks_leave_line_numbers_right() -> None:
    raw = _read('a,b\n"one\ntwo\nthree",1\nx,2\n')
    assert raw.line.tolist() == [2, 5]
    assert _column(raw, "b") == ["1", "2"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings_of_all_systems_are_read(ending: str) -> None:
    raw = _read(ending.join(["a,b", "1,2", "", "3,4", ""]))
    assert raw.line.tolist() == [2, 4]
    assert raw.blank == 1


def test_ragged_rows_are_kept_apart_and_trailing_delimiters_are_not_ragged() -> None:
    raw = _read("a,b\n1,2,,\n1\n1,2,3\n,5\n4,6\n")
    assert _column(raw, "b") == ["2", "5", "6"]
    assert [(reject.line, reject.reason) for reject in raw.rejects] == [(3, "ragged-row"), (4, "ragged-row")]
    assert raw.rejects[0].detail == "1 cells under 2 columns"
    assert raw.index.tolist() == [0, 3, 4]


def test_a_faulty_quote_costs_the_lines_it_swallows_and_no_more() -> None:
    raw = _read('a,b\n1,2\n"x"y,3\n4,5\n"open\n6,7\nshut"z,8\n9,10\n')
    assert _column(raw, "a") == ["1", "4", "9"]
    assert [(reject.line, reject.reason) for reject in raw.rejects] == [
        (3, "bad-quotes"),
        (5, "bad-quotes"),
        (6, "bad-quotes"),
        (7, "bad-quotes"),
    ]


def test_a_quote_that_is_never_closed_is_refused_with_its_line() -> None:
    with pytest.raises(BatchUnreadable, match="after line 3 is never closed"):
        _read('a,b\n1,2\n"3,4\n5,6\n')


def test_a_cell_without_end_is_refused_with_its_line() -> None:
    with pytest.raises(BatchUnreadable, match="line 2"):
        _read("a,b\n" + "x" * 200_000 + ",1\n")


def test_more_rows_than_a_chunk_stay_in_order() -> None:
    raw = _read("a,b\n" + "".join(f"{i},{-i}\n" for i in range(4_500)))
    assert _column(raw, "a") == [str(i) for i in range(4_500)]
    assert raw.line[-1] == 4_501


def test_the_header_is_read_from_the_start_of_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_text("a,é\n" + "é,1\n" * 400_000, encoding="utf-8")
    assert read_header(path, "large.csv") == ("a", "é")
    with path.open("rb") as opened:
        assert read_header(opened, "large.csv") == ("a", "é")


def test_a_rejected_row_is_cut_and_harmless_in_a_spreadsheet() -> None:
    assert shorten("=cmd()") == "'=cmd()"
    assert shorten("a\n  b") == "a b"
    assert len(shorten("x" * 1000)) == 200
