"""The table that all of training reads."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.table import InvalidTable, TrainingTable


def _frame() -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "sample_id": ["a", "b", "c"],
            "label": ["maize", "cotton", "maize"],
            "group": ["x1y1", "x1y1", "x2y1"],
            "grouping": "spatial-block",
            "ndvi_01": [0.1, np.nan, 0.3],
            "ndvi_02": [1.0, 2.0, 3.0],
        }
    )
    frame.attrs = {
        "recipe": "ndvi-season@1",
        "features": ["ndvi_02", "ndvi_01"],
        "dataset_version": "v1",
        "dataset_digest": "d" * 64,
    }
    return frame


def test_a_frame_becomes_a_table_in_the_order_of_its_features() -> None:
    table = TrainingTable.from_frame(_frame())
    assert table.X.dtype == np.float32
    assert table.features == ("ndvi_02", "ndvi_01")
    assert table.X[:, 0].tolist() == [1, 2, 3]
    assert np.isnan(table.X[1, 1])
    assert table.classes == ("cotton", "maize")
    assert table.grouping == "spatial-block"


def test_taking_rows_keeps_each_row_together() -> None:
    table = TrainingTable.from_frame(_frame()).take(np.array([False, True, True]))
    assert table.sample_ids.tolist() == ["b", "c"]
    assert table.labels.tolist() == ["cotton", "maize"]
    assert table.columns(["ndvi_02"]).tolist() == [[2], [3]]


@pytest.mark.parametrize("column", ["label", "ndvi_02", "group"])
def test_a_missing_column_is_named(column: str) -> None:
    frame = _frame()
    attributes = frame.attrs
    frame = frame.drop(columns=column)
    frame.attrs = attributes
    with pytest.raises(InvalidTable, match=column):
        TrainingTable.from_frame(frame)


def test_a_missing_attribute_is_named() -> None:
    frame = _frame()
    del frame.attrs["recipe"]
    with pytest.raises(InvalidTable, match="recipe"):
        TrainingTable.from_frame(frame)


def test_an_infinite_feature_is_refused_by_name() -> None:
    frame = _frame()
    frame.loc[0, "ndvi_01"] = np.inf
    with pytest.raises(InvalidTable, match="ndvi_01"):
        TrainingTable.from_frame(frame)


def test_an_empty_label_never_becomes_a_class_called_nan() -> None:
    frame = _frame()
    frame.loc[0, "label"] = None
    with pytest.raises(InvalidTable, match="label"):
        TrainingTable.from_frame(frame)


def test_an_unknown_feature_is_refused_by_name() -> None:
    with pytest.raises(InvalidTable, match="rain"):
        TrainingTable.from_frame(_frame()).columns(["rain"])
