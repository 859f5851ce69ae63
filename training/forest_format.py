"""A random forest as plain arrays in a safetensors file: nothing in it can run, unlike scikit-learn's pickles.

Trees stand one after another in every array; tree t owns the nodes `offsets[t]:offsets[t + 1]`, and its children are
numbered within it (-1 at leaves). Leaves hold class shares, mostly the same few rows (of one class alone), so each
row is kept once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.array_files import InvalidModelFile, read_arrays, write_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

FORMAT = "geocrop-forest-2"
FIRST_FORMAT = "geocrop-forest-1"
"""Had the class shares of every node in `value`; it is read and no longer written."""
LEAF = -1
TINY = 1e-300  # of a forest without a split, whose gains are all zero
KEPT_NODES = 4_000_000
"""Nodes of a forest whose compiled trees (72 bytes a node) stay in memory; larger ones are built tree by tree."""

# name in the file -> name in scikit-learn's node record, and the type it is kept in
NODE_FIELDS: dict[str, tuple[str, type[np.generic]]] = {
    "left": ("left_child", np.int32),
    "right": ("right_child", np.int32),
    "feature": ("feature", np.int16),
    "threshold": ("threshold", np.float64),
    "missing_left": ("missing_go_to_left", np.uint8),
}


@dataclass(eq=False)
class Forest:
    """Trees in scikit-learn's compiled form: `arrays` is what the file holds, the trees made of it are walked.

    Arrays: offsets int64 [t+1]; left, right int32, feature int16, threshold float64, missing_left uint8, row int32
    (at leaves, that of `values`; 0 elsewhere), all [nodes]; values float64 [rows, k]; importance float64 [f].
    """

    arrays: Arrays
    _kept: list[Any] | None = field(default=None, repr=False)

    @property
    def n_classes(self) -> int:
        """Number of classes k."""
        return int(self.arrays["values"].shape[1])

    @property
    def n_features(self) -> int:
        """Number of features f."""
        return int(self.arrays["importance"].shape[0])

    @classmethod
    def from_trees(cls, trees: Iterable[Any]) -> Forest:
        """Take scikit-learn's compiled trees (`tree_` of fitted classifiers) as a forest, one after another."""
        taken, gains = [], []
        for tree in trees:
            taken.append(_tree_arrays(tree.__getstate__()))
            gains.append(tree.compute_feature_importances(normalize=False))
        return cls.from_arrays(_joined(taken) | {"importance": _shares(np.mean(gains, axis=0))})

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Forest:
        """Take arrays; raises InvalidModelFile when an index points outside its tree."""
        _validate(arrays)
        forest = cls(arrays)
        if len(arrays["left"]) <= KEPT_NODES:
            forest._kept = list(forest._built())
        return forest

    def predict_proba(self, X: NDArray[np.float32], threads: int = 1) -> NDArray[np.float32]:
        """Return the mean of the trees' class shares, float32 [n, k]; summed in float64 in the order of the trees."""
        X = np.ascontiguousarray(X, np.float32)
        if threads > 1 and len(X) > 1:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(threads) as pool:  # trees release the GIL while they walk
                return np.concatenate(list(pool.map(self.predict_proba, np.array_split(X, threads))))
        total = np.zeros((len(X), self.n_classes), np.float64)
        offsets, row, values = self.arrays["offsets"], self.arrays["row"], self.arrays["values"]
        for tree, first, last in zip(self._kept or self._built(), offsets[:-1], offsets[1:], strict=True):
            total += values[row[first:last][tree.apply(X)]]
        return (total / (len(offsets) - 1)).astype(np.float32)

    def save(self, path: Path) -> None:
        """Write the arrays; the same forest gives the same bytes."""
        write_arrays(path, self.arrays, FORMAT)

    @classmethod
    def load(cls, path: Path) -> Forest:
        """Read what `save` wrote, now or in the first format; raises InvalidModelFile."""
        arrays = read_arrays(path, FORMAT, FIRST_FORMAT)
        return cls.from_arrays(_of_first_format(arrays) if "value" in arrays else arrays)

    def _built(self) -> Iterator[Any]:
        """Yield the compiled trees."""
        for first, last in itertools.pairwise(self.arrays["offsets"].tolist()):
            yield _tree(self.arrays, slice(first, last), self.n_features)


def _tree_arrays(state: dict[str, Any]) -> Arrays:
    """Return one tree's nodes, and the distinct class shares of its leaves."""
    arrays: Arrays = {name: state["nodes"][of].astype(dtype) for name, (of, dtype) in NODE_FIELDS.items()}
    return arrays | _rows_of(arrays["left"] == LEAF, state["values"][:, 0, :])


def _rows_of(leaf: NDArray[np.bool_], value: NDArray[Any]) -> Arrays:
    """Return the distinct rows of the leaves' class shares, and the row of each node."""
    row = np.zeros(len(leaf), np.int32)
    values, found = np.unique(value[leaf].astype(np.float64), axis=0, return_inverse=True)
    row[leaf] = found.reshape(-1)
    return {"row": row, "values": values}


def _joined(trees: list[Arrays]) -> Arrays:
    """Return the arrays of a forest of these trees; frees each tree's as it goes."""
    of_trees = [one.pop("values") for one in trees]
    values, found = np.unique(np.concatenate(of_trees), axis=0, return_inverse=True)
    begins = np.cumsum([0, *(len(one) for one in of_trees)])
    for one, begin in zip(trees, begins[:-1], strict=True):
        one["row"] = found.reshape(-1)[begin + one["row"]].astype(np.int32)
        one["row"][one["left"] != LEAF] = 0
    offsets = np.cumsum([0, *(len(one["left"]) for one in trees)]).astype(np.int64)
    return {
        **{name: np.concatenate([one.pop(name) for one in trees]) for name in (*NODE_FIELDS, "row")},
        "values": values,
        "offsets": offsets,
    }


def _of_first_format(arrays: Arrays) -> Arrays:
    """Return arrays of the first format as those of today; raises InvalidModelFile when they are not what they were."""
    value, left = arrays.pop("value"), arrays.get("left")
    if left is None or value.ndim != 2 or value.dtype != np.float64 or len(value) != len(left):  # noqa: PLR2004
        raise InvalidModelFile("the forest's class shares do not fit its nodes")
    return arrays | _rows_of(left == LEAF, value)


def _shares(gain: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(gain / max(gain.sum(), TINY), np.float64)


def _validate(arrays: Arrays) -> None:
    """Refuse arrays whose walk would leave them: compiled trees do not check bounds."""
    types: dict[str, type[np.generic]] = {name: dtype for name, (_, dtype) in NODE_FIELDS.items()}
    types |= {"offsets": np.int64, "row": np.int32, "values": np.float64, "importance": np.float64}
    wrong = [name for name, dtype in types.items() if name not in arrays or arrays[name].dtype != dtype]
    if wrong or set(arrays) != set(types):
        raise InvalidModelFile(f"forest arrays missing, unknown or of another type: {', '.join(wrong) or 'extra'}")
    offsets, nodes, row = arrays["offsets"], len(arrays["left"]), arrays["row"]
    lengths = {arrays[name].shape for name in (*NODE_FIELDS, "row")}
    if lengths != {(nodes,)} or len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != nodes:  # noqa: PLR2004
        raise InvalidModelFile("forest arrays do not fit together")
    if (np.diff(offsets) < 1).any() or arrays["values"].ndim != 2:  # noqa: PLR2004
        raise InvalidModelFile("a tree of the forest is empty")
    if not ((row >= 0) & (row < len(arrays["values"]))).all():
        raise InvalidModelFile("a leaf of the forest has no class shares")
    for first, last in itertools.pairwise(offsets.tolist()):
        _refuse_astray(arrays, slice(first, last))


def _refuse_astray(arrays: Arrays, span: slice) -> None:
    """Refuse a tree whose children do not come after their parents, within it."""
    size = span.stop - span.start
    left, right, feature = (arrays[name][span] for name in ("left", "right", "feature"))
    number = np.arange(size)
    leaf = (left == LEAF) & (right == LEAF)
    inside = (left > number) & (right > number) & (left < size) & (right < size)
    known = (feature >= 0) & (feature < len(arrays["importance"]))
    if not (leaf | (inside & known)).all():
        raise InvalidModelFile("a node of the forest points outside its tree")


def _tree(arrays: Arrays, span: slice, n_features: int) -> Any:  # noqa: ANN401
    """Rebuild one of scikit-learn's compiled trees to find leaves with; what else it holds stays zero."""
    from sklearn.tree._tree import NODE_DTYPE, Tree

    nodes = np.zeros(span.stop - span.start, dtype=NODE_DTYPE)
    for name, (of, _) in NODE_FIELDS.items():
        nodes[of] = arrays[name][span]
    tree = Tree(n_features, np.ones(1, np.intp), 1)
    values = np.zeros((len(nodes), 1, 1))
    tree.__setstate__({"max_depth": 0, "node_count": len(nodes), "nodes": nodes, "values": values})
    return tree
