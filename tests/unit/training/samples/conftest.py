"""What tests of samples share: the class table, two recipes, and a reader of batches given as text."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from training.classes import ClassTable
from training.samples import Batch, read_batch

RECIPES = {"tiny@1": ("ndvi", "rain", "slope"), "other@1": ("evi", "rain")}
ReadText = Callable[..., Batch]


@pytest.fixture(scope="session")
def classes() -> ClassTable:
    return ClassTable.load()


@pytest.fixture(scope="session")
def recipes() -> dict[str, tuple[str, ...]]:
    return dict(RECIPES)


@pytest.fixture
def read(classes: ClassTable) -> ReadText:
    """Return a function that reads text or bytes as a batch."""

    def read_text(content: str | bytes, name: str = "a.csv", **options: object) -> Batch:
        data = content.encode() if isinstance(content, str) else content
        return read_batch(io.BytesIO(data), name=name, recipes=RECIPES, classes=classes, **options)  # type: ignore[arg-type]

    return read_text
