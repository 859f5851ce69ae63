"""Forms of inference: classes of feature vectors, or of places measured in imagery."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints, field_validator, model_validator

from api.models.models import MAX_VERSION
from imagery.season import InvalidSeason, Season

MAX_ROWS = 10_000
#: Each sample reads the scenes of a season.
MAX_SAMPLES = 100
MAX_COLUMNS = 1_000

Number = Annotated[float, Strict()] | None
Name = Annotated[str, StringConstraints(max_length=200)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class Matrix(_Form):
    """Feature vectors as rows under columns; null (or NaN) is missing."""

    columns: list[Name] = Field(min_length=1, max_length=MAX_COLUMNS, examples=[["ndvi_01", "ndvi_02"]])
    rows: list[list[Number]] = Field(min_length=1, max_length=MAX_ROWS, examples=[[[0.21, 0.35], [0.5, None]]])

    @model_validator(mode="after")
    def _is_a_table(self) -> Matrix:
        width = len(self.columns)
        ragged = next((number for number, row in enumerate(self.rows) if len(row) != width), None)
        if ragged is not None:
            raise ValueError(f"row {ragged} has {len(self.rows[ragged])} values under {width} columns")
        return self


class Sample(_Form):
    """A place and a season, to be measured in imagery."""

    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, examples=[31.05])]
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, examples=[-17.83])]
    season: Annotated[str, StringConstraints(max_length=20), Field(examples=["2023-2024"])]

    @field_validator("season")
    @classmethod
    def _is_a_season(cls, text: str) -> str:
        try:
            return str(Season.parse(text))
        except InvalidSeason as error:
            raise ValueError(str(error)) from error


class InferenceRequest(_Form):
    """What to classify: `features` or `samples`, one of the two."""

    features: Annotated[list[dict[Name, Number]], Field(min_length=1, max_length=MAX_ROWS)] | Matrix | None = Field(
        None,
        description="At most 10,000 feature vectors, by the names of the model's recipe: a list of objects, or columns "
        "and rows. Null (or NaN) is missing; features that the model does not use may be there.",
    )
    samples: Annotated[list[Sample], Field(min_length=1, max_length=MAX_SAMPLES)] | None = Field(
        None, description="At most 100 places: each reads the scenes of its season, which takes seconds."
    )
    model_version: Annotated[int, Field(ge=1, le=MAX_VERSION)] | None = Field(
        None, description="Number of a model version; null: the champion.", examples=[None]
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> InferenceRequest:
        if (self.features is None) == (self.samples is None):
            raise ValueError("give features or samples, one of the two")
        return self

    def payload(self) -> dict[str, Any]:
        """Return the request as the warm model takes it, NaN as null.

        Raises:
            ValueError: the objects of a list have different names.

        """
        asked: dict[str, Any] = {"model_version": self.model_version}
        if self.samples is not None:
            return asked | {"samples": [one.model_dump() for one in self.samples]}
        table = self.features if isinstance(self.features, Matrix) else _matrix(self.features or [])
        rows = [[None if value is None or math.isnan(value) else value for value in row] for row in table.rows]
        return asked | {"columns": table.columns, "rows": rows}


def _matrix(objects: list[dict[str, float | None]]) -> Matrix:
    """Return objects as columns and rows: the first one names the columns, in no order."""
    columns = list(objects[0])
    for number, one in enumerate(objects):
        if one.keys() != objects[0].keys():
            raise ValueError(f"features.{number} has other names than features.0")
    return Matrix.model_construct(columns=columns, rows=[[one[name] for name in columns] for one in objects])


class Classified(BaseModel):
    """What the model says of one row."""

    model_config = ConfigDict(populate_by_name=True)

    class_: str = Field(alias="class", examples=["maize"])
    code: int = Field(description="Of maps.", examples=[1])
    title: str = Field(examples=["Maize"])
    probabilities: dict[str, float] = Field(description="Calibrated, by class.", examples=[{"maize": 0.83}])
    inside_area_of_applicability: bool = Field(description="False: nothing like it was among the training samples.")


class NotMeasured(BaseModel):
    """A sample that imagery has no features for."""

    problem: Literal["no-place", "no-scenes", "no-clear-observation"]


class InferenceAnswer(BaseModel):
    """Classes and probabilities, row by row in the order of the request."""

    model_config = ConfigDict(protected_namespaces=())

    model_version: int = Field(examples=[7])
    recipe: str = Field(examples=["s2-season@1"])
    classes: list[str] = Field(description="In the order of codes.")
    rows: list[Classified | NotMeasured]
