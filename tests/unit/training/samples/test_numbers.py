"""Cells become numbers, and what is missing is not what is wrong."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from training.samples.numbers import Numbers, parse_numbers


def _parse(cells: list[str], *, decimal_comma: bool = False) -> Numbers:
    return parse_numbers(pa.chunked_array([cells], pa.string()), decimal_comma=decimal_comma)


def test_plain_numbers_are_parsed_to_the_bit() -> None:
    cells = ["0.1", " 2.5 ", "-3e-2", "1E3", "31.76290131048329"]
    assert _parse(cells).floats.tolist() == [float(cell) for cell in cells]


def test_a_column_with_faults_gives_the_same_numbers_as_one_without() -> None:
    cells = ["0.1", "31.76290131048329", "1e-7"]
    assert _parse([*cells, "x"]).floats[:3].tolist() == _parse(cells).floats.tolist()


@pytest.mark.parametrize("cell", ["", " ", "NA", "n/a", "NaN", "null", "None", "-"])
def test_a_missing_cell_is_missing_and_not_bad(cell: str) -> None:
    numbers = _parse([cell, "1"])
    assert numbers.missing.tolist() == [True, False]
    assert not numbers.bad.any()
    assert np.isnan(numbers.floats[0])


@pytest.mark.parametrize("cell", ["x", "1,5", "inf", "-Infinity", "1e999", "0x10", "1_000", "--1", "=1+1", "1 2", "."])
def test_what_is_no_finite_number_is_bad(cell: str) -> None:
    numbers = _parse([cell, "1"])
    assert numbers.bad.tolist() == [True, False]
    assert not numbers.missing.any()
    assert np.isnan(numbers.floats[0])


def test_decimal_commas_are_read_where_the_delimiter_is_none() -> None:
    assert _parse(["30,5", "-18,25", "+1.5", "7"], decimal_comma=True).floats.tolist() == [30.5, -18.25, 1.5, 7.0]
