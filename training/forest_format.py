"""A random forest as plain arrays in a safetensors file: nothing in it can run, unlike scikit-learn's pickles.

Trees stand one after another in every array; tree t owns the nodes `offsets[t]:offsets[t + 1]`, and its children are
numbered within it (-1 at leaves). `value` holds class shares.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.array_files import InvalidModelFile, read_arrays, write_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = "geocrop-forest-1"
LEAF = -1
TINY = 1e-300  # of a forest without a split, whose gains are all zero

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
    """Trees in scikit-learn's compiled form: `arrays` is what the file holds, `trees` walks it.

    Arrays: offsets int64 [t+1]; left, right int32, feature int16, threshold float64, missing_left uint8, all [nodes];
    value float64 [nodes, k]; importance float64 [f].
    """

    arrays: dict[str, NDArray[Any]]
    trees: list[Any]

    @property
    def n_classes(self) -> int:
        """Number of classes k."""
        return int(self.arrays["value"].shape[1])

    @property
    def n_features(self) -> int:
        """Number of features f."""
        return int(self.arrays["importance"].shape[0])

    @classmethod
    def from_trees(cls, trees: Sequence[Any]) -> Forest:
        """Take scikit-learn's compiled trees (`tree_` of fitted classifiers) as a forest."""
        states = [tree.__getstate__() for tree in trees]
        arrays: dict[str, NDArray[Any]] = {
            name: np.concatenate([state["nodes"][field] for state in states]).astype(dtype)
            for name, (field, dtype) in NODE_FIELDS.items()
        }
        sizes = [len(state["nodes"]) for state in states]
        arrays["offsets"] = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        arrays["value"] = np.concatenate([state["values"][:, 0, :] for state in states]).astype(np.float64)
        gain = np.mean([tree.compute_feature_importances(normalize=False) for tree in trees], axis=0)
        arrays["importance"] = gain / max(gain.sum(), TINY)
        return cls.from_arrays(arrays)

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Forest:
        """Rebuild the compiled trees; raises InvalidModelFile when an index points outside its tree."""
        _validate(arrays)
        offsets = arrays["offsets"]
        features, classes = len(arrays["importance"]), arrays["value"].shape[1]
        spans = itertools.pairwise(offsets)
        return cls(arrays, [_tree(arrays, slice(int(a), int(b)), features, classes) for a, b in spans])

    def predict_proba(self, X: NDArray[np.float32], threads: int = 1) -> NDArray[np.float32]:
        """Return the mean of the trees' class shares, float32 [n, k]; summed in float64 in the order of the trees."""
        X = np.ascontiguousarray(X, np.float32)
        if threads > 1 and len(X) > 1:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(threads) as pool:  # trees release the GIL while they walk
                return np.concatenate(list(pool.map(self.predict_proba, np.array_split(X, threads))))
        total = np.zeros((len(X), self.n_classes), np.float64)
        for tree in self.trees:
            total += tree.predict(X)
        return (total / len(self.trees)).astype(np.float32)

    def save(self, path: Path) -> None:
        """Write the arrays; the same forest gives the same bytes."""
        write_arrays(path, self.arrays, FORMAT)

    @classmethod
    def load(cls, path: Path) -> Forest:
        """Read what `save` wrote; raises InvalidModelFile."""
        return cls.from_arrays(read_arrays(path, FORMAT))


def _validate(arrays: dict[str, NDArray[Any]]) -> None:
    """Refuse arrays whose walk would leave them: compiled trees do not check bounds."""
    types = {name: dtype for name, (_, dtype) in NODE_FIELDS.items()}
    types |= {"offsets": np.int64, "value": np.float64, "importance": np.float64}
    wrong = [name for name, dtype in types.items() if name not in arrays or arrays[name].dtype != dtype]
    if wrong or set(arrays) != set(types):
        raise InvalidModelFile(f"forest arrays missing, unknown or of another type: {', '.join(wrong) or 'extra'}")
    offsets, nodes = arrays["offsets"], len(arrays["left"])
    lengths = {len(arrays[name]) for name in NODE_FIELDS} | {len(arrays["value"])}
    if lengths != {nodes} or len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != nodes:  # noqa: PLR2004
        raise InvalidModelFile("forest arrays do not fit together")
    if (np.diff(offsets) < 1).any() or arrays["value"].ndim != 2:  # noqa: PLR2004
        raise InvalidModelFile("a tree of the forest is empty")
    size = np.repeat(np.diff(offsets), np.diff(offsets))
    number = np.arange(nodes) - np.repeat(offsets[:-1], np.diff(offsets))
    left, right, feature = arrays["left"], arrays["right"], arrays["feature"]
    leaf = (left == LEAF) & (right == LEAF)
    inside = (left > number) & (right > number) & (left < size) & (right < size)
    known = (feature >= 0) & (feature < len(arrays["importance"]))
    if not (leaf | (inside & known)).all():
        raise InvalidModelFile("a node of the forest points outside its tree")


def _tree(arrays: dict[str, NDArray[Any]], span: slice, n_features: int, n_classes: int) -> Any:  # noqa: ANN401
    """Rebuild one of scikit-learn's compiled trees; what only training needs stays zero."""
    from sklearn.tree._tree import NODE_DTYPE, Tree

    nodes = np.zeros(span.stop - span.start, dtype=NODE_DTYPE)
    for name, (field, _) in NODE_FIELDS.items():
        nodes[field] = arrays[name][span]
    tree = Tree(n_features, np.array([n_classes], dtype=np.intp), 1)
    values = np.ascontiguousarray(arrays["value"][span][:, None, :])
    tree.__setstate__({"max_depth": 0, "node_count": len(nodes), "nodes": nodes, "values": values})
    return tree
