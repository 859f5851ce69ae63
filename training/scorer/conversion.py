"""Converting a model when it is registered: what fails costs speed, and never the registration."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.scorer.scorer import Scorer, convert

if TYPE_CHECKING:
    from training.bundle import ModelBundle

log = logging.getLogger("geocrop.bundle")


def write_scorer(bundle: ModelBundle, path: Path) -> dict[str, Any]:
    """Convert a bundle, write its scorer, and return what came of it; no file is written when it fails.

    The facts are plain JSON: `converted` names learners, `plain` says of the others why their libraries predict them,
    `seconds` is what it took and `bytes` the size of the file.
    """
    began = time.perf_counter()
    try:
        scorer = convert(bundle)
        scorer.save(path)
    except Exception as error:  # whatever a library or the compiler raises: the bundle is whole without a scorer
        log.exception("the model is registered without a scorer")
        path.unlink(missing_ok=True)
        why = f"the conversion failed: {type(error).__name__}: {error}"
        return _facts(bundle, None, dict.fromkeys((fit.name for fit in bundle.learners), why), began, 0)
    for name, why in scorer.plain.items():
        log.warning("%s is predicted by its library: %s", name, why)
    return _facts(bundle, scorer, scorer.plain, began, path.stat().st_size)


def _facts(
    bundle: ModelBundle, scorer: Scorer | None, plain: dict[str, str], began: float, size: int
) -> dict[str, Any]:
    converted = [] if scorer is None else [fit.name for fit in bundle.learners if fit.name in scorer.parts]
    seconds = round(time.perf_counter() - began, 3)
    return {"converted": converted, "plain": dict(plain), "seconds": seconds, "bytes": size}
