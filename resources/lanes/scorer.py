"""The warm model behind `POST /inference`: `python -m resources.lanes.scorer`, JSON lines on standard input and output.

`{"id", "payload"}` comes in, `{"id", "result"}` or `{"id", "error": {"code", "message"}}` goes out, one line each, in
order. A payload has `columns` and `rows`, or `samples`, and perhaps `model_version`. Up to two models stay in memory.
Loading one never unpickles: a bundle is native model files and a manifest.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

import numpy as np

from resources.bundles import keep_bundles, load_bundle
from resources.catalogue import gdal_options_of
from resources.platform import open_store, registry_of, rules_of
from resources.registry import NoChampion
from resources.settings import load_settings
from training.errors import GeocropError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from resources.registry import ModelRegistry, ModelVersion
    from resources.settings import Settings
    from training.bundle import ModelBundle

    Floats = NDArray[np.float32]

log = logging.getLogger("geocrop.scorer")

#: Models in memory: the champion, and one that it is compared with.
MODELS_KEPT = 2
#: How long the champion is taken for the champion without asking again, in seconds.
CHAMPION_S = 2.0
#: Names that a message lists.
NAMES_TOLD = 10
INTERNAL = "internal-error"


class FeaturesRefused(GeocropError):
    """Send the columns that the message names, by the names of the model's recipe, as finite numbers or null."""

    code: ClassVar[str] = "features-refused"


class Models:
    """The models that answer: the champion, or a version by number."""

    def __init__(self, settings: Settings) -> None:
        """Reach nothing yet."""
        self._registry: ModelRegistry = registry_of(settings)
        self._store = open_store(settings)
        self._versions: dict[int, ModelVersion] = {}
        self._champion: tuple[float, ModelVersion] | None = None

    def version(self, number: int | None) -> ModelVersion:
        """Return a version by number, or the champion; what a number means never changes.

        Raises:
            NoChampion, ModelVersionNotFound, RegistryUnavailable.

        """
        if number is not None:
            if number not in self._versions:
                self._versions[number] = self._registry.version(number)
            return self._versions[number]
        if self._champion is None or time.monotonic() - self._champion[0] > CHAMPION_S:
            found = self._registry.champion()
            if found is None:
                raise NoChampion("no model is promoted yet: name a version, or promote one")
            self._champion = (time.monotonic(), found)
        return self._champion[1]

    def bundle(self, version: ModelVersion) -> ModelBundle:
        """Return a version's model, from memory where it answered lately."""
        return load_bundle(self._store, version.bundle_hash)


class Scorer:
    """Answers payloads."""

    def __init__(self, settings: Settings) -> None:
        """Reach nothing yet."""
        self.settings = settings
        self.rules = rules_of(settings)
        self.models = Models(settings)

    def answer(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return classes and probabilities for feature vectors or samples.

        Raises:
            GeocropError: no such model, or features that are not the model's.

        """
        version = self.models.version(payload.get("model_version"))
        bundle = self.models.bundle(version)
        if "samples" in payload:
            X, problems = self._measure(payload["samples"], bundle)
        else:
            X, problems = select_features(payload["columns"], payload["rows"], bundle, self._known(bundle)), None
        return {
            "model_version": version.version,
            "recipe": bundle.recipe,
            "classes": list(bundle.classes),
            "rows": self._rows(bundle, X, problems),
        }

    def _rows(self, bundle: ModelBundle, X: Floats, problems: Sequence[str | None] | None) -> list[dict[str, Any]]:
        """Return what the model says of each row of X; nothing of rows that could not be measured."""
        table = self.rules.load_classes()
        titles = [table.by_name(name).title if name in table else name for name in bundle.classes]
        proba = bundle.predict_proba(X, self.rules.cores)
        inside = bundle.applicability.inside(X)
        rows: list[dict[str, Any]] = []
        for number, likeliest in enumerate(proba.argmax(axis=1)):
            problem = problems[number] if problems is not None else None
            if problem is not None:
                rows.append({"problem": problem})
                continue
            rows.append(
                {
                    "class": bundle.classes[likeliest],
                    "code": bundle.codes[likeliest],
                    "title": titles[likeliest],
                    "probabilities": dict(zip(bundle.classes, proba[number].tolist(), strict=True)),
                    "inside_area_of_applicability": bool(inside[number]),
                }
            )
        return rows

    def _known(self, bundle: ModelBundle) -> frozenset[str]:
        """Return the features of the model's recipe: those that it does not use may be sent as well."""
        try:
            return frozenset(self.rules.load_recipe(bundle.recipe).feature_names)
        except GeocropError:  # a recipe file that is gone does not keep its models from answering
            return frozenset()

    def _measure(self, samples: Sequence[Mapping[str, Any]], bundle: ModelBundle) -> tuple[Floats, list[str | None]]:
        """Measure places in imagery, by the code that makes maps; return features, and why some have none."""
        from imagery.measure import measure_samples

        recipe = self.rules.load_recipe(bundle.recipe)
        measured: pd.DataFrame = measure_samples(
            [one["lon"] for one in samples],
            [one["lat"] for one in samples],
            [one["season"] for one in samples],
            recipe,
            self.settings.catalogue,
            gdal_options=gdal_options_of(self.settings.catalogue),
            threads=self.rules.cores,
        )
        problems = [None if one is None else str(one) for one in measured["problem"]]
        return measured[list(bundle.features)].to_numpy(dtype=np.float32), problems


def select_features(
    columns: Sequence[str], rows: Sequence[Sequence[float | None]], bundle: ModelBundle, known: frozenset[str]
) -> Floats:
    """Return X float32 [n, f] in the model's order, by name; null is missing.

    Raises:
        FeaturesRefused: columns missing, unknown or twice there; a value that is not finite as float32.

    """
    twice = [name for name, times in Counter(columns).items() if times > 1]
    missing = [name for name in bundle.features if name not in columns]
    unknown = [name for name in columns if name not in known and name not in bundle.features]
    told = [
        f"{what}: {_some(names)}"
        for what, names in (("missing", missing), ("unknown", unknown), ("twice", twice))
        if names
    ]
    if told:
        raise FeaturesRefused(f"the columns are not those of {bundle.recipe}; {'; '.join(told)}")
    places = [columns.index(name) for name in bundle.features]
    given = np.array([[row[place] for place in places] for row in rows], dtype=np.float64).reshape(-1, len(places))
    with np.errstate(over="ignore"):
        X = given.astype(np.float32)
    if np.isinf(X).any():
        row, column = (int(one[0]) for one in np.nonzero(np.isinf(X)))
        raise FeaturesRefused(f"row {row}: {bundle.features[column]} is not a finite number")
    return X


def _some(names: Sequence[str]) -> str:
    """Join names for a message, cut where it would not be read."""
    more = f" and {len(names) - NAMES_TOLD} more" if len(names) > NAMES_TOLD else ""
    return ", ".join(name[:60] for name in names[:NAMES_TOLD]) + more


def serve(scorer: Scorer, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests line by line until their end."""
    for line in requests:
        answers.write(json.dumps(respond(scorer, line), allow_nan=False).encode() + b"\n")
        answers.flush()


def respond(scorer: Scorer, line: bytes) -> dict[str, Any]:
    """Return the answer to one line; a fault of the platform itself is logged and told as such."""
    request_id: object = None
    try:
        request = json.loads(line)
        request_id = request["id"]
        return {"id": request_id, "result": scorer.answer(request["payload"])}
    except GeocropError as error:
        return {"id": request_id, "error": {"code": error.code, "message": str(error)}}
    except Exception as error:
        log.exception("a request could not be answered")
        return {"id": request_id, "error": {"code": INTERNAL, "message": type(error).__name__}}


def main() -> None:
    """Serve standard input; whatever prints goes to standard error, so that only answers are on standard output."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    keep_bundles(MODELS_KEPT)
    serve(Scorer(load_settings()), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
