"""The scorer: the probabilities of a bundle, many times faster, from arrays that are made once when it is registered.

Learners are converted one by one. What a learner's own library does is kept to the order of additions; only the last
digit of an exponential can differ. A learner that is not known here is predicted by its library.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from training.array_files import InvalidModelFile, read_arrays, write_arrays
from training.bundle import SCORER_FORMAT
from training.kernel_arrays import sealed
from training.scorer.parts import BLOCK, LargePart, SmallPart
from training.scorer.programs import Programs, is_small, programs_of
from training.scorer.ranks import MANY_LIMITS, MAX_LIMITS, Scales, ranked
from training.scorer.readers import read_learner
from training.scorer.trees import NotConvertible, SymmetricTrees, TreeModel
from training.scorer.walks import Walks, walks_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.bundle import ModelBundle

    Probabilities = dict[str, NDArray[np.float32]]
    Finish = Callable[[slice, Probabilities], None]

FORMAT = SCORER_FORMAT
CHUNK = 2048
"""Pixels that a thread takes at once: 1.5 MB of ranks and sums for 100 features, near what a core's cache holds."""

TOLERANCE = 1e-6
"""Largest difference of a learner's probability from its library's that a conversion may show."""

CHECKED = 512
"""Made-up pixels on which a conversion is checked."""

HUGE = 1e30
"""Larger made-up numbers could become infinite when they are scaled, which XGBoost refuses to read."""

_SCALE_FIELDS = tuple(field.name for field in fields(Scales))
_KINDS: dict[str, type[SmallPart | LargePart]] = {"small": SmallPart, "large": LargePart}


class ScorerMismatch(InvalidModelFile):
    """Convert the bundle again: the scorer's file was made from another bundle."""

    code: ClassVar[str] = "scorer-mismatch"


@dataclass(frozen=True, eq=False)
class Scorer:
    """A bundle with its learners converted.

    `parts` are the converted learners by name, `scales` what the features of small trees are ranked by and `wide` those
    of large trees, and `plain` says of each learner that is left to its library why.
    """

    bundle: ModelBundle
    scales: Scales
    wide: Scales
    parts: dict[str, SmallPart | LargePart]
    plain: dict[str, str]

    def predict_proba(self, X: NDArray[np.float32], threads: int = 1) -> NDArray[np.float32]:
        """Return calibrated probabilities float32 [n, k] of X float32 [n, f]; NaN is missing, infinity a number.

        The number of threads does not change the result.
        """
        X = self._checked(X)
        out = np.empty((len(X), len(self.bundle.classes)), np.float32)
        learners = self.bundle.learners
        of_library = {fit.name: fit.predict_proba(X, threads) for fit in learners if fit.name not in self.parts}

        def mix(rows: slice, proba: Probabilities) -> None:
            stack = [proba[fit.name] if fit.name in proba else of_library[fit.name][rows] for fit in learners]
            out[rows] = self.bundle.combiner.mix(np.stack(stack))

        _in_chunks(self, X, threads, mix)
        return out

    def learner_proba(self, name: str, X: NDArray[np.float32], threads: int = 1) -> NDArray[np.float32]:
        """Return the probabilities float32 [n, k] of one converted learner, as `LearnerFit.predict_proba` does."""
        X = self._checked(X)
        out = np.empty((len(X), len(self.bundle.classes)), np.float32)

        def keep(rows: slice, proba: Probabilities) -> None:
            out[rows] = proba[name]

        _in_chunks(replace(self, parts={name: self.parts[name]}), X, threads, keep)
        return out

    def save(self, path: Path) -> None:
        """Write the converted learners (not the bundle) as a safetensors file; the same bundle gives the same bytes."""
        arrays: dict[str, NDArray[Any]] = {"bundle": np.frombuffer(bytes.fromhex(self.bundle.hash), np.uint8)}
        arrays |= {f"scales/{name}": getattr(self.scales, name) for name in _SCALE_FIELDS}
        arrays |= {f"wide/{name}": getattr(self.wide, name) for name in _SCALE_FIELDS}
        for name, part in self.parts.items():
            arrays |= {f"{part.kind}/{name}/{field}": array for field, array in part.arrays().items()}
        write_arrays(path, arrays, FORMAT)

    @classmethod
    def load(cls, path: Path, bundle: ModelBundle) -> Scorer:
        """Read what `save` wrote for this bundle.

        Raises InvalidModelFile when the format is unknown or the arrays do not fit together, ScorerMismatch when the
        file was made from another bundle.
        """
        return cls.from_arrays(read_arrays(path, FORMAT), bundle)

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], bundle: ModelBundle) -> Scorer:
        """Take the arrays of such a file; raises as `load` does, but for the format."""
        arrays = dict(arrays)
        made_from = arrays.pop("bundle", np.zeros(0, np.uint8)).tobytes().hex()
        if made_from != bundle.hash:
            raise ScorerMismatch(f"the scorer was made from bundle {made_from[:12]}, not {bundle.hash[:12]}")
        try:
            scales = Scales(**{name: arrays.pop(f"scales/{name}") for name in _SCALE_FIELDS})
            wide = Scales(**{name: arrays.pop(f"wide/{name}") for name in _SCALE_FIELDS})
            found: dict[tuple[str, str], dict[str, NDArray[Any]]] = {}
            for key, array in arrays.items():
                kind, name, field = key.split("/")
                found.setdefault((kind, name), {})[field] = array
            parts = {name: _KINDS[kind](**of_part) for (kind, name), of_part in found.items()}
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidModelFile(f"the scorer's file: {error!r}") from error
        why = "its file holds no such learner"
        plain = {fit.name: why for fit in bundle.learners if fit.name not in parts}
        return cls(bundle, scales, wide, parts, plain)._refuse_unfit()

    def _refuse_unfit(self) -> Scorer:
        """Refuse arrays that a kernel would run out of, for it does not check bounds."""
        n_features, n_classes = len(self.bundle.features), len(self.bundle.classes)
        self.scales.refuse_unfit(n_features, MAX_LIMITS)
        self.wide.refuse_unfit(n_features, MANY_LIMITS)
        known = {fit.name for fit in self.bundle.learners}
        for name, part in self.parts.items():
            part.refuse_unfit((self.scales if isinstance(part, SmallPart) else self.wide).n_columns)
            sums = 1 if part.link_name == "sigmoid" else n_classes
            if name not in known or len(part.base) != sums:
                raise InvalidModelFile(f"the scorer's {name} does not belong to this bundle")
        return self

    def _checked(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        X = sealed(np.ascontiguousarray(X, np.float32))
        if X.ndim != 2 or X.shape[1] != len(self.bundle.features):  # noqa: PLR2004  # rows by columns
            raise ValueError(f"X is {list(X.shape)}, and must be [n, {len(self.bundle.features)}]")
        return X


def convert(bundle: ModelBundle) -> Scorer:
    """Convert a bundle's learners, compile what scores them, and check each against its library on made-up pixels.

    A learner of an unknown kind, or one whose probabilities differ by more than 1e-6, stays with its library;
    `Scorer.plain` says why. Takes seconds: do it when a model is registered.
    """
    models: dict[str, TreeModel] = {}
    plain: dict[str, str] = {}
    for fit in bundle.learners:
        try:
            models[fit.name] = read_learner(fit)
        except NotConvertible as error:
            plain[fit.name] = str(error)
        except Exception as error:  # a library whose files have changed: the other learners are converted all the same
            plain[fit.name] = f"it could not be read: {type(error).__name__}: {error}"
    scorer = _converted(bundle, models, plain)
    X = _made_up(scorer)
    for fit in bundle.learners:
        if fit.name in scorer.parts:
            found = scorer.learner_proba(fit.name, X)
            difference = float(np.abs(found - fit.predict_proba(X)).max())
            if not difference <= TOLERANCE:
                plain[fit.name] = f"its probabilities differ by {difference:.1g}"
    kept = {name: model for name, model in models.items() if name not in plain}
    return scorer if len(kept) == len(models) else _converted(bundle, kept, plain)


def _converted(bundle: ModelBundle, models: dict[str, TreeModel], plain: dict[str, str]) -> Scorer:
    """Return the scorer of these models."""
    small: dict[str, Programs] = {}
    large: dict[str, Walks] = {}
    parts: dict[str, SmallPart | LargePart] = {}
    for name, model in models.items():
        if is_small(model.trees):
            small[name] = programs_of(model.trees)
        elif isinstance(model.trees, SymmetricTrees):
            plain[name] = "its symmetric trees have more than 256 leaves"
        else:
            large[name] = walks_of(model.trees)
    scales, where = ranked(list(small.values()))
    for (name, programs), of_program in zip(small.items(), where, strict=True):
        parts[name] = SmallPart.of(models[name], programs, of_program)
    wide, where = ranked(list(large.values()), MANY_LIMITS)
    for (name, walks), of_walks in zip(large.items(), where, strict=True):
        parts[name] = LargePart.of(models[name], walks, of_walks)
    return Scorer(bundle, scales, wide, parts, plain)._refuse_unfit()


def _made_up(scorer: Scorer) -> NDArray[np.float32]:
    """Return pixels float32 [512, f] on, just beside and between the limits of trees, with gaps."""
    random = np.random.default_rng(0)
    n_features = len(scorer.bundle.features)
    X = (10 ** random.uniform(-3, 4, n_features) * random.normal(size=(CHECKED, n_features))).astype(np.float32)
    for feature in range(n_features):
        limits = np.concatenate([scales.limits_of(feature) for scales in (scorer.scales, scorer.wide)])
        if limits.size:
            drawn = random.choice(limits, CHECKED)
            with np.errstate(over="ignore"):
                above = np.nextafter(drawn, np.float32(np.inf))
            X[:, feature] = np.where(random.random(CHECKED) < 0.5, drawn, above)  # noqa: PLR2004  # half of them
    X[random.random(X.shape) < 0.05] = np.nan  # noqa: PLR2004  # one in twenty
    X[np.abs(X) > HUGE] = np.nan
    return X


class _Room:
    """What one thread works in, made once for all its chunks."""

    def __init__(self, scorer: Scorer, n: int) -> None:
        parts, blocks = scorer.parts.values(), -(-n // BLOCK)
        small = [part for part in parts if isinstance(part, SmallPart)]
        large = [part for part in parts if isinstance(part, LargePart)]
        columns = scorer.scales.n_columns
        self.ranks = _aligned(blocks * columns if small else 0, BLOCK).reshape(-1, max(columns, 1), BLOCK)
        self.slots = _aligned(max((part.n_slots for part in small), default=1), BLOCK)
        self.wide_ranks = np.zeros((blocks * BLOCK if large else 0, max(scorer.wide.n_columns, 1)), np.uint16)
        self.wide = scorer.wide.searched()


def _aligned(rows: int, width: int) -> NDArray[np.uint8]:
    """Return zeros uint8 [rows, width] that begin at a cache line: a vector then never lies across two."""
    line = 64  # bytes
    room = np.zeros(rows * width + line, np.uint8)
    start = -room.ctypes.data % line
    return room[start : start + rows * width].reshape(rows, width)


def _in_chunks(scorer: Scorer, X: NDArray[np.float32], threads: int, finish: Finish) -> None:
    """Call `finish(rows, probabilities of each converted learner)` for all chunks, in `threads` threads."""
    waiting = itertools.count()

    def work() -> None:
        room = _Room(scorer, min(CHUNK, len(X)))
        while (start := next(waiting) * CHUNK) < len(X):
            stop = min(start + CHUNK, len(X))
            finish(slice(start, stop), _chunk(scorer, X, start, stop, room))

    workers = max(1, min(threads, -(-len(X) // CHUNK)))
    if workers == 1:
        work()
        return
    with ThreadPoolExecutor(workers) as pool:  # kernels release the GIL
        for done in [pool.submit(work) for _ in range(workers)]:
            done.result()


def _chunk(scorer: Scorer, X: NDArray[np.float32], start: int, stop: int, room: _Room) -> Probabilities:
    """Return the probabilities of each converted learner for rows start:stop of X."""
    from training.scorer import kernels

    n = stop - start
    ranks = room.ranks[: -(-n // BLOCK)]
    if ranks.size:
        kernels.rank_rows(X, start, stop, scorer.scales.kernel_arrays(), ranks)
    if room.wide_ranks.size:
        kernels.search_rows(X, start, stop, room.wide, room.wide_ranks)
    found: Probabilities = {}
    for name, part in scorer.parts.items():
        sums = np.empty((len(part.base), -(-n // BLOCK) * BLOCK), part.values.dtype)
        sums[:] = part.base[:, None]
        if isinstance(part, SmallPart):
            kernels.add_small_trees(ranks, part.kernel_arrays(), room.slots, sums)
        else:
            kernels.add_large_trees(room.wide_ranks, part.kernel_arrays(), n, sums)
        found[name] = part.probabilities(sums[:, :n])
    return found
