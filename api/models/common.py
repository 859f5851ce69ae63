"""Forms that all routes share: a problem, a page."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, Field

Item = TypeVar("Item")


class FieldProblem(BaseModel):
    """One thing that is wrong with a request, and where."""

    where: str = Field(description="Path to the field, such as `body.aoi` or `query.limit`.", examples=["body.season"])
    message: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """What every error answers (RFC 9457, `application/problem+json`)."""

    type: str = Field(description="`urn:geocrop:` and the code.", examples=["urn:geocrop:quota-exceeded"])
    title: str = Field(description="What the status means.", examples=["Too Many Requests"])
    status: int = Field(examples=[429])
    detail: str = Field(description="What went wrong this time.", examples=["You have started 5 of 5 jobs."])
    code: str = Field(description="Stable: programs can rely on it.", examples=["quota-exceeded"])
    hint: str = Field(description="What the reader can do.", examples=["Ask an administrator for a higher limit."])
    instance: str = Field(description="Path of the request.", examples=["/predictions"])
    errors: list[FieldProblem] | None = Field(None, description="What is wrong with which field.")


class Page(BaseModel, Generic[Item]):
    """Some of a list, and how many there are in all."""

    items: list[Item]
    total: int = Field(description="Of all pages.", examples=[3])
    limit: int = Field(examples=[50])
    offset: int = Field(examples=[0])
