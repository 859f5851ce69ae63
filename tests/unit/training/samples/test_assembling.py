"""Batches become one table of samples, whatever their order, and every dropped row is accounted for."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from training.classes import ClassTable
from training.samples import (
    Batch,
    DuplicateBatchNames,
    MixedRecipes,
    NoSamples,
    TooManyRejects,
    assemble_samples,
    thin_classes,
)

ReadText = Callable[..., Batch]
HEADER = "lon,lat,season,label\n"
COLUMNS = ["sample_id", "batch", "line", "kind", "lon", "lat", "season", "label", "group", "grouping"]


def _places(count: int, label: str = "maize", first: int = 0) -> str:
    return HEADER + "".join(f"{30 + i / 100:.2f},-18,2023-2024,{label}\n" for i in range(first, first + count))


def _features(count: int, label: str = "1") -> str:
    return "ndvi,rain,slope,label\n" + "".join(f"{i / 1000 + len(label)},500,3,{label}\n" for i in range(count))


def test_a_table_of_places_has_blocks_geometry_and_ids(read: ReadText, classes: ClassTable) -> None:
    samples = assemble_samples([read(_places(3), "a.csv"), read(_places(2, "cotton", 50), "b.csv")], classes=classes)
    table = samples.table
    assert list(table.columns) == [*COLUMNS, "geometry"]
    assert table.crs.to_epsg() == 4326
    assert table["sample_id"].is_unique
    assert table.geometry.x.tolist() == table["lon"].tolist()
    assert table["line"].tolist() == [2, 3, 4, 2, 3]
    assert set(table["kind"]) == {"places"}
    assert set(table["grouping"]) == {"spatial-block"}
    assert samples.report.class_counts == {"maize": 3, "cotton": 2}
    assert samples.report.recipe is None


def test_a_table_of_features_has_float32_columns_and_no_geometry(read: ReadText, classes: ClassTable) -> None:
    table = assemble_samples([read(_features(3), "a.csv")], classes=classes).table
    assert list(table.columns) == [*COLUMNS, "ndvi", "rain", "slope", "geometry"]
    assert {table[column].dtype for column in ("ndvi", "rain", "slope")} == {np.dtype("float32")}
    assert table.geometry.isna().all()
    assert table["lon"].isna().all()
    assert set(table["group"]) == {"a.csv#0"}


def test_places_and_features_of_one_recipe_go_together(read: ReadText, classes: ClassTable) -> None:
    samples = assemble_samples([read(_features(2), "f.csv"), read(_places(2), "p.csv")], classes=classes)
    assert samples.report.recipe == "tiny@1"
    assert samples.report.kinds == {"features": 2, "places": 2}
    assert samples.table["ndvi"].isna().tolist() == [False, False, True, True]
    assert samples.table["ndvi"].dtype == np.dtype("float32")


def test_features_of_two_recipes_do_not(read: ReadText, classes: ClassTable) -> None:
    other = read("evi,rain,label\n0.1,500,1\n", "o.csv")
    with pytest.raises(MixedRecipes, match=r"other@1 \(o\.csv\), tiny@1 \(t\.csv\)"):
        assemble_samples([read(_features(2), "t.csv"), other], classes=classes)


def test_the_order_of_batches_changes_nothing(read: ReadText, classes: ClassTable) -> None:
    batches = [
        read(_places(40), "c.csv"),
        read(_places(40, first=20), "a.csv"),
        read(_places(1, "rice", 90) + "30.95,-18,2023-2024,cotton\n", "b.csv"),
    ]
    results = [assemble_samples(some, classes=classes) for some in itertools.permutations(batches)]
    for other in results[1:]:
        pd.testing.assert_frame_equal(results[0].table, other.table)
        pd.testing.assert_frame_equal(results[0].rejects, other.rejects)
        assert results[0].report == other.report


def test_duplicates_count_once_in_the_first_batch_by_name(read: ReadText, classes: ClassTable) -> None:
    within = read(_places(2) + "30.000001,-18,2023-2024,Maize\n", "b.csv")
    samples = assemble_samples([within, read(_places(1), "a.csv")], classes=classes)
    assert samples.table[["batch", "line"]].to_numpy().tolist() == [["a.csv", 2], ["b.csv", 3]]
    told = samples.rejects[["batch", "line", "reason", "detail"]].to_numpy().tolist()
    assert told == [
        ["b.csv", 2, "duplicate-between", "same as a.csv, line 2"],
        ["b.csv", 4, "duplicate-between", "same as a.csv, line 2"],
    ]
    alone = assemble_samples([within], classes=classes)
    assert alone.rejects["reason"].tolist() == ["duplicate-within"]
    assert (alone.report.duplicates_within, alone.report.duplicates_between) == (1, 0)


def test_uploading_a_batch_twice_is_no_fault(read: ReadText, classes: ClassTable) -> None:
    once = assemble_samples([read(_places(30), "a.csv")], classes=classes)
    twice = assemble_samples([read(_places(30), "a.csv"), read(_places(30), "b.csv")], classes=classes)
    assert twice.report.rows_rejected == 0
    assert twice.report.duplicates_between == 30
    pd.testing.assert_frame_equal(once.table, twice.table)


def test_identical_feature_rows_are_duplicates(read: ReadText, classes: ClassTable) -> None:
    samples = assemble_samples([read(_features(3) + "1.0,500,3,1\n", "a.csv")], classes=classes)
    assert samples.report.duplicates_within == 1
    assert len(samples.table) == 3


def test_labels_that_disagree_at_one_place_and_season_are_all_rejected(read: ReadText, classes: ClassTable) -> None:
    batches = [read(_places(60), "a.csv"), read(HEADER + "30.05,-18,2023-2024,cotton\n", "b.csv")]
    samples = assemble_samples(batches, classes=classes)
    rejected = samples.rejects[["batch", "line", "reason", "detail", "raw"]].to_numpy().tolist()
    assert rejected == [
        ["a.csv", 7, "conflicting-label", "labelled cotton, maize", "maize"],
        ["b.csv", 2, "conflicting-label", "labelled cotton, maize", "cotton"],
    ]
    assert samples.report.conflicts == 1
    assert samples.report.rows_rejected == 2
    assert len(samples.table) == 59


def test_another_season_at_the_same_place_is_no_conflict(read: ReadText, classes: ClassTable) -> None:
    batch = read(HEADER + "30,-18,2022-2023,cotton\n30,-18,2023-2024,maize\n")
    assert len(assemble_samples([batch], classes=classes).table) == 2


def test_some_rejects_are_borne_and_too_many_fail_with_reasons_and_lines(read: ReadText, classes: ClassTable) -> None:
    text = _places(38) + "31,-18,2023-2024,rice\n,-18,2023-2024,maize\n"
    samples = assemble_samples([read(text)], classes=classes)
    assert samples.report.rejected_share == 0.05
    assert samples.report.reasons == {"missing-coordinate": 1, "unknown-label": 1}
    with pytest.raises(TooManyRejects) as caught:
        assemble_samples([read(text + "31,-18,2023-2024,teff\n")], classes=classes)
    assert "3 of 41 rows are rejected (7.3%, at most 5.0% may be)" in str(caught.value)
    assert "unknown-label (2: a.csv:40, a.csv:42; e.g. 'rice')" in str(caught.value)
    assert len(caught.value.rejects) == 3
    assert len(assemble_samples([read(text)], classes=classes, max_reject_share=0.5).table) == 38


def test_nothing_to_assemble_is_said(read: ReadText, classes: ClassTable) -> None:
    with pytest.raises(NoSamples, match="no batch"):
        assemble_samples([], classes=classes)
    with pytest.raises(NoSamples, match="no sample is left"):
        assemble_samples([read(HEADER + "1,1,1,rice\n")], classes=classes, max_reject_share=1)


def test_a_batch_without_a_good_row_does_not_spoil_the_others(read: ReadText, classes: ClassTable) -> None:
    samples = assemble_samples(
        [read(HEADER + "1,1,1,rice\n", "bad.csv"), read(_places(30), "good.csv")], classes=classes
    )
    assert len(samples.table) == 30
    assert "bad.csv: no row was kept" in samples.report.warnings


def test_two_batches_of_one_name_are_refused(read: ReadText, classes: ClassTable) -> None:
    with pytest.raises(DuplicateBatchNames, match=r"a\.csv"):
        assemble_samples([read(_places(1)), read(_places(2))], classes=classes)


def test_one_class_and_classes_smaller_than_the_folds_are_warned_of(read: ReadText, classes: ClassTable) -> None:
    one = assemble_samples([read(_places(10))], classes=classes)
    assert any("one class only, maize" in warning for warning in one.report.warnings)
    two = assemble_samples([read(_places(10)), read(_places(3, "cotton", 50), "b.csv")], classes=classes, folds=4)
    assert "cotton has 3 samples, fewer than the 4 folds" in two.report.warnings
    assert thin_classes({"maize": 5, "cotton": 4}, 5) == {"cotton": 4}


def test_smaller_blocks_make_more_groups(read: ReadText, classes: ClassTable) -> None:
    batch = read(_places(100))
    coarse, fine = (assemble_samples([batch], classes=classes, block_size_m=size).report for size in (10_240, 640))
    assert coarse.groups < fine.groups
    assert fine.block_size_m == 640.0


def test_a_report_is_plain_json_and_adds_up(read: ReadText, classes: ClassTable) -> None:
    batches = [read(_places(30) + "31,-18,2023-2024,rice\n", "a.csv"), read(_places(31), "b.csv")]
    report = assemble_samples(batches, classes=classes).report
    plain = json.loads(json.dumps(report.to_dict()))
    assert report.rows_read == report.rows_kept + report.rows_rejected + report.duplicates_between
    assert plain["batches"][0]["reasons"] == {"unknown-label": 1}
    assert plain["batches_in_all"] == 2
    assert len(json.dumps(plain)) < 5_000
