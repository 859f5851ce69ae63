"""One batch, read: good rows as samples to be, bad rows apart, and a report that adds up."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from training.samples import EVERYWHERE, Batch, BatchUnreadable, InvalidDefaultSeason, Region, UnknownBatchKind

ReadText = Callable[..., Batch]

HEADER = "lon,lat,season,label\n"
GOOD = "31.05,-17.83,2023-2024,maize\n"


def _only_reject(batch: Batch) -> tuple[int, str, str]:
    assert len(batch.rejects) == 1
    row = batch.rejects.iloc[0]
    return int(row["line"]), row["reason"], row["detail"]


def test_a_places_batch_gives_rows_with_canonical_values(read: ReadText) -> None:
    batch = read("Longitude,Latitude,Season,Crop type\n31.05,-17.83,2023/24,Soya_Beans\n")
    row = batch.rows.iloc[0]
    assert (row["lon"], row["lat"], row["season"], row["label"]) == (31.05, -17.83, "2023-2024", "soybean")
    assert batch.report.aliases == {"Soya_Beans": "soybean"}
    assert batch.rejects.empty


def test_a_features_batch_gives_float32_features(read: ReadText) -> None:
    batch = read("row_id,Class,slope,rain,ndvi\n7,1,3,500.5,0.1\n8,0,,1e3,0.2\n", max_missing=0.5)
    assert batch.header.recipe == "tiny@1"
    assert batch.rows[["ndvi", "rain", "slope"]].dtypes.unique().tolist() == [np.dtype("float32")]
    assert batch.rows["ndvi"].tolist() == [np.float32(0.1), np.float32(0.2)]
    assert np.isnan(batch.rows["slope"].iloc[1])
    assert batch.rows["label"].tolist() == ["crop", "non-crop"]
    assert batch.rows["season"].tolist() == [None, None]
    assert batch.report.junk_columns == ("row_id",)


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        ("x,-17.83,2023-2024,maize", "bad-coordinate", "lon: 'x'"),
        ("inf,-17.83,2023-2024,maize", "bad-coordinate", "finite"),
        ('"31,05",-17.83,2023-2024,maize', "bad-coordinate", "'31,05'"),
        ("NaN,-17.83,2023-2024,maize", "missing-coordinate", "lon"),
        ("31.05,,2023-2024,maize", "missing-coordinate", "lat"),
        ("-17.83,31.05,2023-2024,maize", "swapped-lat-lon", "swapped?"),
        ("28.28,-15.02,2023-2024,maize", "outside-region", "not in Zimbabwe"),
        ("0,0,2023-2024,maize", "outside-region", "lon 0, lat 0"),
        ("300000,8020000,2023-2024,maize", "impossible-coordinate", "not degrees"),
        ("31.05,-17.83,,maize", "missing-season", ""),
        ("31.05,-17.83,2023,maize", "bad-season", "'2023'"),
        ("31.05,-17.83,2023-2024,", "missing-label", ""),
        ("31.05,-17.83,2023-2024,NA", "missing-label", ""),
        ("31.05,-17.83,2023-2024,rice", "unknown-label", "'rice'"),
        ('31.05,-17.83,2023-2024,"=HYPERLINK(""http://x"")"', "formula-cell", "HYPERLINK"),
        ("31.05,-17.83,2023-2024,@maize", "formula-cell", "label"),
        ("31.05,-17.83,2023-2024,+maize", "formula-cell", "label"),
        ("31.05,-17.83,=1+1,maize", "formula-cell", "season"),
        ("=A1,-17.83,2023-2024,maize", "formula-cell", "lon"),
        ("31.05,-17.83,2023-2024,mai\0ze", "damaged-text", "label"),
        ("31.05,-17.83,2023-2024," + "m" * 10_001, "cell-too-long", "label"),
        ("31.05,-17.83,2023-2024", "ragged-row", "3 cells"),
        ("31.05,-17.83,2023-2024,maize,extra", "ragged-row", "5 cells"),
        ('31.05,-17.83,"2023"-2024,maize', "bad-quotes", "quotes"),
    ],
)
def test_a_bad_row_is_kept_apart_with_line_and_reason(read: ReadText, row: str, reason: str, detail: str) -> None:
    batch = read(HEADER + GOOD + row + "\n" + GOOD)
    line, found, told = _only_reject(batch)
    assert (line, found) == (3, reason)
    assert detail in told
    assert batch.rows["line"].tolist() == [2, 4]
    assert (batch.report.rows_read, batch.report.rows_kept, batch.report.rows_rejected) == (3, 2, 1)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("0.1,x,3,1", "bad-feature"),
        ("0.1,inf,3,1", "bad-feature"),
        ("0.1,1e39,3,1", "bad-feature"),
        ("0.1,@SUM(A1),3,1", "formula-cell"),
        (",,3,1", "missing-features"),
    ],
)
def test_a_bad_feature_rejects_the_row(read: ReadText, row: str, reason: str) -> None:
    batch = read(f"ndvi,rain,slope,label\n0.1,500,3,1\n{row}\n", max_missing=0.4)
    assert _only_reject(batch)[:2] == (3, reason)


def test_the_allowance_of_missing_features_is_a_share_of_the_row(read: ReadText) -> None:
    text = "ndvi,rain,slope,label\n0.1,,3,1\n"
    assert len(read(text, max_missing=0.34).rows) == 1
    assert _only_reject(read(text, max_missing=0.2))[2] == "1 of 3 features missing"


def test_line_numbers_survive_quoted_line_breaks_and_blank_lines(read: ReadText) -> None:
    batch = read('lon,lat,season,label,note\n31,-18,2023-2024,maize,"two\nlines"\n\n31,-18,2023-2024,rice,\n')
    assert _only_reject(batch)[:2] == (5, "unknown-label")
    assert batch.report.blank_lines == 1
    assert batch.report.ignored_columns == ("note",)


def test_a_rejected_row_is_shown_without_its_formula_armed(read: ReadText) -> None:
    raw = read(HEADER + "31,-18,2023-2024,=cmd\n").rejects["raw"].iloc[0]
    assert raw.startswith("'=cmd")


def test_semicolons_bring_decimal_commas(read: ReadText) -> None:
    batch = read("lon;lat;season;label\n31,05;-17,83;2023-2024;maize\n")
    assert batch.rows[["lon", "lat"]].iloc[0].tolist() == [31.05, -17.83]
    assert batch.report.delimiter == ";"


def test_a_season_of_the_dataset_fills_in_where_a_row_has_none(read: ReadText) -> None:
    assert read("lon,lat,label\n31,-18,maize\n", default_season="2022/23").rows["season"].tolist() == ["2022-2023"]
    batch = read(HEADER + "31,-18,,maize\n31,-18,2023-2024,maize\n", default_season="2022-2023")
    assert batch.rows["season"].tolist() == ["2022-2023", "2023-2024"]
    with pytest.raises(InvalidDefaultSeason, match="2023-2024"):
        read(HEADER + GOOD, default_season="2022")


def test_a_season_that_cannot_be_read_is_not_replaced_by_the_dataset_s(read: ReadText) -> None:
    batch = read(HEADER + "31,-18,soon,maize\n", default_season="2022-2023")
    assert _only_reject(batch)[1] == "bad-season"


def test_the_region_can_be_another(read: ReadText) -> None:
    zambia = Region("Zambia", 21.9, -18.1, 33.8, -8.2)
    text = HEADER + "28.28,-15.42,2023-2024,maize\n-15.42,28.28,2023-2024,maize\n"
    assert _only_reject(read(text, region=zambia))[1] == "swapped-lat-lon"
    assert len(read(text, region=EVERYWHERE).rows) == 2


def test_empty_coordinates_of_a_features_batch_are_taken_as_not_there(read: ReadText) -> None:
    batch = read("ndvi,rain,slope,label,lon,lat\n0.1,500,3,1,,\n0.2,400,3,0,NA,\n")
    assert batch.header.lon is None
    assert len(batch.rows) == 2
    assert any("empty" in warning for warning in batch.report.warnings)


def test_a_group_column_must_name_a_group_in_every_row(read: ReadText) -> None:
    batch = read("ndvi,rain,slope,label,block\n0.1,500,3,1,north\n0.2,400,3,0,\n")
    assert batch.rows["group"].tolist() == ["north"]
    assert _only_reject(batch)[:2] == (3, "missing-group")


def test_one_class_only_is_a_warning(read: ReadText) -> None:
    assert "one class only: maize" in read(HEADER + GOOD + GOOD).report.warnings
    assert read(HEADER + GOOD + GOOD.replace("maize", "cotton")).report.warnings == ()


def test_a_batch_of_bad_rows_only_is_read_and_says_so(read: ReadText) -> None:
    batch = read(HEADER + "x,y,z,rice\n")
    assert batch.rows.empty
    assert "no row was kept" in batch.report.warnings


def test_an_old_windows_file_is_read_with_a_warning(read: ReadText) -> None:
    batch = read((HEADER + GOOD + "31,-18,2023-2024,maïs\n").encode("cp1252"))
    assert batch.report.encoding == "cp1252"
    assert any("Windows-1252" in warning for warning in batch.report.warnings)
    assert _only_reject(batch)[1:] == ("unknown-label", "'maïs'")


def test_what_is_no_batch_raises(read: ReadText) -> None:
    with pytest.raises(UnknownBatchKind):
        read("a,b\n1,2\n")
    with pytest.raises(BatchUnreadable):
        read(b"PK\x03\x04")


def test_a_report_is_plain_json_and_small(read: ReadText) -> None:
    extra = ",".join(f"note{i}" for i in range(200))
    batch = read(f"lon,lat,season,label,{extra}\n" + "31,-18,2023-2024,maize" + "," * 200 + "\n")
    plain = json.loads(json.dumps(batch.report.to_dict()))
    assert plain["rows_kept"] == 1
    assert plain["ignored_columns"][-1] == "and 150 more"
    assert len(json.dumps(plain)) < 3_000
