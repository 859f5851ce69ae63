"""The model bundle: what a map is made with, in a folder of native files that load without running code."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.applicability import Applicability
from training.array_files import InvalidModelFile, read_arrays, write_arrays
from training.bundle_files import (
    BundleRefused,
    add_derived,
    content_hash,
    listed_files,
    read_manifest,
    refuse_foreign_files,
    write_manifest,
)
from training.combiner import Combiner
from training.config import LEARNERS
from training.learners.learner_fit import LearnerFit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.scorer import Scorer

log = logging.getLogger("geocrop.bundle")

SCHEMA = "geocrop-bundle-1"
SCORER_FILE = "scorer.safetensors"
SCORER_FORMAT = "geocrop-scorer-2"
APPLICABILITY_FILE = "applicability.safetensors"
APPLICABILITY_FORMAT = "geocrop-applicability-1"
LIBRARIES = ("catboost", "lightgbm", "numpy", "scikit-learn", "xgboost")


@dataclass(frozen=True, eq=False)
class ModelBundle:
    """An ensemble with everything that explains it.

    `learners` are those that vote, `weights` those of all that were tried (0 = left out). `classes` are names and
    `codes` the uint8 codes of maps, in the order of probability columns. X has its columns in the order of `features`.
    """

    learners: tuple[LearnerFit, ...]
    combiner: Combiner
    weights: dict[str, float]
    classes: tuple[str, ...]
    codes: tuple[int, ...]
    features: tuple[str, ...]
    recipe: str
    dataset_version: str
    dataset_digest: str
    grouping: str
    variant: str
    seed: int
    config: dict[str, Any]
    training_samples: int
    libraries: dict[str, str]
    applicability: Applicability
    _folder_hash: str | None = field(default=None, repr=False)
    _scorer_arrays: dict[str, NDArray[Any]] | None = field(default=None, repr=False)

    def predict_proba(self, X: NDArray[np.float32], threads: int = 1) -> NDArray[np.float32]:
        """Return calibrated probabilities float32 [n, k] of X float32 [n, f]; NaN is missing. The reference.

        The number of threads does not change the result.
        """
        return self.combiner.mix(np.stack([fit.predict_proba(X, threads) for fit in self.learners]))

    @cached_property
    def scorer(self) -> Scorer | None:
        """Return the scorer that the bundle's folder carries; None without one, or with one that is not read here.

        Raises InvalidModelFile when its arrays do not fit together, ScorerMismatch when it is of another bundle.
        """
        if self._scorer_arrays is None:
            return None
        from training.scorer import Scorer

        return Scorer.from_arrays(self._scorer_arrays, self)

    def score(self, X: NDArray[np.float32], threads: int = 1) -> NDArray[np.float32]:
        """Return what `predict_proba` returns, within 1e-6 and many times faster where the bundle carries a scorer."""
        return (self.scorer or self).predict_proba(X, threads)

    def predict(self, X: NDArray[np.float32], threads: int = 1) -> NDArray[np.uint8]:
        """Return class codes uint8 [n] of X float32 [n, f]: of the likeliest class."""
        likeliest: NDArray[np.intp] = self.predict_proba(X, threads).argmax(axis=1)
        return np.array(self.codes, np.uint8)[likeliest]

    @cached_property
    def hash(self) -> str:
        """Return the sha256 of all that the bundle predicts with and was made from.

        Library versions, wall times and the number of cores are no part of it: same dataset, config and seed give the
        same hash.
        """
        if self._folder_hash is not None:
            return self._folder_hash
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            return self.save(Path(folder))

    def save(self, folder: Path, *, scored: bool = False) -> str:
        """Write the bundle into an empty or absent folder and return its hash; raises BundleRefused if not empty.

        With `scored` its scorer is made and written as well, which takes seconds; the manifest says under "scorer"
        what came of it. The hash stays the same: the scorer follows from the bundle, and without one the bundle is
        predicted by the libraries.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BundleRefused(f"{folder} is not empty")
        for fit in self.learners:
            fit.save(folder / "learners" / fit.name)
        write_arrays(folder / APPLICABILITY_FILE, self.applicability.arrays(), APPLICABILITY_FORMAT)
        found = write_manifest(folder, self._facts())
        if scored:
            from training.scorer import write_scorer

            facts = write_scorer(replace(self, _folder_hash=found), folder / SCORER_FILE)
            add_derived(folder, SCORER_FILE, facts)
        return found

    @classmethod
    def load(cls, folder: Path) -> ModelBundle:
        """Read a bundle. No file in it can run code; every file is checked against the manifest before it is read.

        Raises BundleRefused when the manifest is damaged or of another schema, a file is missing, changed, unknown or
        outside the folder, or a model file is not what it should be.
        """
        manifest = read_manifest(folder, SCHEMA)
        files = listed_files(manifest)
        refuse_foreign_files(folder, files)
        if unknown := set(manifest.get("learners", ())) - set(LEARNERS):
            raise BundleRefused(f"the manifest names learners that do not exist: {', '.join(sorted(unknown))}")
        try:
            facts = {name: manifest[name] for name in _FACTS}
            facts |= {name: tuple(manifest[name]) for name in _TUPLES}
            bundle = cls(
                **facts,
                learners=tuple(LearnerFit.load(folder / "learners" / name) for name in manifest["learners"]),
                combiner=Combiner.from_dict(manifest["combiner"]),
                applicability=Applicability.from_arrays(read_arrays(folder / APPLICABILITY_FILE, APPLICABILITY_FORMAT)),
                _folder_hash=content_hash(manifest),
                _scorer_arrays=_scorer_arrays(folder / SCORER_FILE) if SCORER_FILE in files else None,
            )
        except (KeyError, TypeError, ValueError, InvalidModelFile) as error:
            raise BundleRefused(f"{folder.name}: {error}") from error
        bundle._refuse_unfit_parts()
        return bundle

    def _facts(self) -> dict[str, Any]:
        """Return the manifest without its list of files."""
        facts = {name: getattr(self, name) for name in (*_FACTS, *_TUPLES)}
        names = [fit.name for fit in self.learners]
        return facts | {"schema": SCHEMA, "learners": names, "combiner": self.combiner.to_dict()}

    def _refuse_unfit_parts(self) -> None:
        """Refuse a manifest whose parts are each valid and do not belong together."""
        sizes = {len(self.classes), len(self.codes), len(self.combiner.bias)}
        if len(sizes) != 1 or len(self.learners) != len(self.combiner.weights) or not self.learners:
            raise BundleRefused("the manifest's classes, codes, learners and calibration do not fit together")
        if any((fit.features, fit.classes) != (self.features, self.classes) for fit in self.learners):
            raise BundleRefused("a learner has other features or classes than the manifest")


_TUPLES = ("classes", "codes", "features")
_FACTS = (
    "weights",
    "recipe",
    "dataset_version",
    "dataset_digest",
    "grouping",
    "variant",
    "seed",
    "config",
    "training_samples",
    "libraries",
)


def _scorer_arrays(path: Path) -> dict[str, NDArray[Any]] | None:
    """Return what the scorer's file holds, or None when it is of a format that this GeoCrop does not know."""
    try:
        return read_arrays(path, SCORER_FORMAT)
    except InvalidModelFile as error:  # the model itself is whole: its libraries predict it
        log.warning("the scorer is left out, and maps take longer: %s", error)
        return None


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that fit and predict."""
    from importlib.metadata import version

    return {name: version(name) for name in LIBRARIES}
