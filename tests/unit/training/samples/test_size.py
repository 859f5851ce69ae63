"""A large batch takes seconds, not minutes: nothing is done cell by cell that Arrow can do by column."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from training.classes import ClassTable
from training.samples import Batch, assemble_samples

ReadText = Callable[..., Batch]


def test_sixty_thousand_rows_are_read_and_assembled_in_seconds(read: ReadText, classes: ClassTable) -> None:
    rng = np.random.default_rng(0)
    values = rng.random((60_000, 3)).round(6).tolist()
    lines = [f"{31 + a:.6f},{-18 + b:.6f},{a},{b},{c},2023-2024,maize" for a, b, c in values]
    text = "lon,lat,ndvi,rain,slope,season,label\n" + "\n".join(lines)
    started = time.process_time()
    samples = assemble_samples([read(text)], classes=classes)
    assert len(samples.table) > 59_000
    assert time.process_time() - started < 10
