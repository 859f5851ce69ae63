"""What refuses an upload, with line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.batch_check import BatchRules, check_beginning, name_problem, scan_text
from resources.platform import rules_of
from resources.settings import Settings

GOOD = "lon,lat,season,label\n30.1,-18.2,2023-2024,maize\n30.2,-18.3,2023-2024,cotton\n"


@pytest.fixture(scope="module")
def rules() -> BatchRules:
    return BatchRules.of(rules_of(Settings()), None)


def faults(tmp_path: Path, rules: BatchRules, content: str | bytes) -> list[tuple[int | None, str | None, str]]:
    """Return line, column and code of what is wrong with a batch."""
    path = tmp_path / "batch.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    _, found = check_beginning(path, "batch.csv", rules)
    return [
        (one.line, one.column, one.code) for one in [*found, *(scan_text(path, "batch.csv")[1] if not found else [])]
    ]


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.encode("utf-16"),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace(",", ";"),
        GOOD.replace("\n", "\r\n"),
        "\n\n" + GOOD,
        GOOD.encode() + b"30.2,-18.4,2023-2024,caf\xe9\n",  # Windows-1252, an unknown class among good ones
    ],
    ids=["plain", "utf-16", "bom", "semicolons", "crlf", "blank-lines", "cp1252"],
)
def test_good_batches_pass_however_they_are_written(tmp_path: Path, rules: BatchRules, content: str | bytes) -> None:
    assert faults(tmp_path, rules, content) == []


def test_a_formula_in_the_header_is_refused_with_its_column(tmp_path: Path, rules: BatchRules) -> None:
    content = "lon,lat,season,label,=HYPERLINK(1)\n30.1,-18.2,2023-2024,maize,x\n"
    assert faults(tmp_path, rules, content) == [(1, "=HYPERLINK(1)", "formula-cell")]


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "@SUM(A1)", "+A1", "-A1"])
def test_a_formula_in_a_first_row_is_refused_with_line_and_column(tmp_path: Path, rules: BatchRules, cell: str) -> None:
    content = GOOD + f'30.3,-18.2,2023-2024,"{cell}"\n'
    assert faults(tmp_path, rules, content) == [(4, "label", "formula-cell")]


def test_negative_coordinates_are_no_formulas(tmp_path: Path, rules: BatchRules) -> None:
    assert faults(tmp_path, rules, "lon,lat,season,label\n30.1,-18.2,2023-2024,maize\n") == []


def test_missing_columns_are_named_one_by_one(tmp_path: Path, rules: BatchRules) -> None:
    found = faults(tmp_path, rules, "\nlon,lat,label\n1,2,maize\n")
    assert (2, "season", "batch-unknown-kind") in found


@pytest.mark.parametrize(
    ("content", "line", "code"),
    [
        ("", 1, "batch-empty"),
        ("lon,lat,season,label\n", 1, "batch-empty"),
        (b"PK\x03\x04 a workbook", 1, "batch-unreadable"),
        (GOOD.encode("utf-16-le"), 1, "batch-unreadable"),
        (b"\xff\xfe" + GOOD.encode("utf-16-le")[:-1], 3, "batch-unreadable"),
        (b"\xef\xbb\xbf" + GOOD.encode() + b"\xff\n", 4, "batch-unreadable"),
        ('lon,lat,season,label\n30.1,-18.2,2023-2024,"maize\n', 1, "batch-unreadable"),
        (",".join(f"c{number}" for number in range(10_000)) + "\n1\n", 1, "batch-too-many-columns"),
        ("lon,lon,lat,season,label\n1,1,2,2023-2024,maize\n", 1, "batch-duplicate-columns"),
        ("lon,lat,season,label\n30.1,-18.2,2023-2024,unicorns\n", 2, "unknown-label"),
        (GOOD.encode() + b"30.1,-18.2,2023-2024,ma\x00ize\n", 4, "damaged-text"),
        (b"lon,lat,season,la\x00bel,label\n30.1,-18.2,2023-2024,a,maize\n", 1, "damaged-text"),
    ],
    ids=[
        "empty", "no-rows", "workbook", "utf-16-without-mark", "utf-16-cut", "not-the-marked-encoding", "open-quote",
        "ten-thousand-columns", "same-name-twice", "no-good-row", "nul-in-a-row", "nul-in-the-header",
    ],
)  # fmt: skip
def test_what_is_no_batch_is_refused(
    tmp_path: Path, rules: BatchRules, content: str | bytes, line: int, code: str
) -> None:
    found = faults(tmp_path, rules, content)
    assert (found[0][0], found[0][2]) == (line, code)


def test_a_nul_byte_far_down_is_found_with_its_line(tmp_path: Path, rules: BatchRules) -> None:
    rows = "30.1,-18.2,2023-2024,maize\n" * 60_000  # more than one block, and more than the beginning
    content = GOOD.encode() + rows.encode() + b"\x00\n"
    assert faults(tmp_path, rules, content) == [(60_004, None, "nul-byte")]


def test_a_byte_that_is_no_text_far_down_is_found_with_its_line(tmp_path: Path, rules: BatchRules) -> None:
    content = GOOD.encode() + b"30.1,-18.2,2023-2024,maize\n" * 60_000 + b"\x81\n"
    assert faults(tmp_path, rules, content) == [(60_004, None, "batch-unreadable")]


def test_lines_below_the_header_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "batch.csv"
    for content, lines in ((GOOD, 2), (GOOD.rstrip("\n"), 2), ("a,b\n", 0), ("", 0)):
        path.write_text(content)
        assert scan_text(path, "batch.csv")[0] == lines
    path.write_text(GOOD, encoding="utf-16")
    assert scan_text(path, "batch.csv")[0] == 2


@pytest.mark.parametrize(
    "name",
    ["", "a.txt", ".csv", "../a.csv", "a/b.csv", "a\\b.csv", "..\\a.csv", "=a.csv", "-a.csv", "a\u202ecsv.csv",
     "a\n.csv", "a\x00.csv", "x" * 200 + ".csv", "dataset.yaml", "_COMPLETE", " a.csv"],
)  # fmt: skip
def test_names_that_hide_or_lead_elsewhere_are_refused(name: str) -> None:
    assert name_problem(name)


@pytest.mark.parametrize("name", ["a.csv", "Mutoko 2024.CSV", "gokwe-süd_2.csv"])
def test_plain_names_pass(name: str) -> None:
    assert name_problem(name) is None
