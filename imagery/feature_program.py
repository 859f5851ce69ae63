"""A recipe as a program: tables that say what is loaded, computed and written for each pixel's features.

`imagery.feature_kernels` runs it. What it computes, and in which order, is what `imagery.features` does; layers that no
feature needs are left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from imagery import expressions
from training.kernel_arrays import sealed

if TYPE_CHECKING:
    from imagery.recipe_model import Recipe

Array = npt.NDArray[np.float32]

TILE_BYTES = 1 << 19
"""Bytes of a tile's planes: half of the second cache of the processors of today."""

LINE = 16
"""Pixels of a cache line."""

MIN_LINES, MAX_LINES = 5, 17
"""Cache lines of a plane: fewer, and loops are too short for vectors; more, and a layer's steps leave the first cache.
The number is always odd: at a power of two, all planes would fall on the same places of the cache."""

KEPT_PROGRAMS = 64


@dataclass(frozen=True, eq=False)
class FeatureProgram:
    """A recipe as tables. Planes are numbered; a layer's planes follow each other, one a step.

    Attributes:
        sources: int64 [layer, 4]: first row of the composite, first plane, number of steps, whether gaps are filled.
        scaling: float32 [layer, 3]: number that means nothing was observed, scale, offset.
        operations: int64 [operation, 7]: what, then plane and distance to the next step's (0 where all steps share it)
            of the result, the first and the second operand. A result is never one of its own operands.
        constants: float32 [constant], held in planes.
        means: int64 [mean, 3]: first plane, plane after the last, plane of the result.
        course: int64 [1]: first plane of the layer whose course is measured, or -1.
        outputs: int64 [feature]: planes.
        shape: int64 [5]: planes, steps, pixels of a tile, first plane of constants, first plane of measures.
    """

    sources: npt.NDArray[np.int64]
    scaling: Array
    operations: npt.NDArray[np.int64]
    constants: Array
    means: npt.NDArray[np.int64]
    course: npt.NDArray[np.int64]
    outputs: npt.NDArray[np.int64]
    shape: npt.NDArray[np.int64]

    def kernel_arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """Return what the kernel takes."""
        tables = (self.sources, self.scaling, self.operations, self.constants, self.means, self.course, self.outputs)
        return tuple(sealed(table) for table in (*tables, self.shape))


def program_of(recipe: Recipe, *, whole: bool) -> FeatureProgram:
    """Return a recipe's program for composites of whole numbers or of float32; made once."""
    return _made(_Key(recipe.fingerprint, whole, recipe))


@dataclass(frozen=True)
class _Key:
    """What a program depends on."""

    fingerprint: str
    whole: bool
    recipe: Recipe = field(compare=False)


@lru_cache(maxsize=KEPT_PROGRAMS)
def _made(key: _Key) -> FeatureProgram:
    return _Writer(key.recipe, whole=key.whole).program()


@dataclass(frozen=True)
class _Operand:
    """Where numbers are: the plane of the first step, and the distance to the next step's (0: one plane for all)."""

    plane: int
    distance: int


class _Writer:
    """Writes the program of one recipe: gives each layer its planes, and lists what is done."""

    def __init__(self, recipe: Recipe, *, whole: bool) -> None:
        self._recipe, self._whole = recipe, whole
        self._steps = len(recipe.steps)
        self._planes = 0
        self._layers: dict[str, _Operand] = {}
        self._constants: dict[bytes, int] = {}
        self._between: set[int] = set()  # planes of results on the way
        self._free: list[int] = []  # those of them that can be used again
        self._sources: list[tuple[int, ...]] = []
        self._scaling: list[tuple[np.float32, np.float32, np.float32]] = []
        self._operations: list[tuple[int, ...]] = []
        self._means: list[tuple[int, ...]] = []

    def program(self) -> FeatureProgram:
        """Return the tables."""
        recipe, needed = self._recipe, _needed(self._recipe)
        for band in recipe.bands:
            if band in needed and not recipe.assets[band].static:
                self._layers[band] = _Operand(self._load(band, self._steps), 1)
        trees = {name: _tree(recipe.layers[name].formula) for name in recipe.layers if name in needed}
        first_constant = self._hold_constants(trees)
        for name, tree in trees.items():
            self._layers[name] = self._derived(name, tree)
        outputs = [self._layers[name].plane + step for step in range(self._steps) for name in recipe.features.series]
        outputs += self._averages()
        course, first_measure, measures = self._course()
        outputs += measures
        outputs += [self._load(name, 1) for name in recipe.features.static]
        lines = min(max(TILE_BYTES // (self._planes * 4 * LINE), MIN_LINES), MAX_LINES)
        tile = LINE * (lines - 1 + lines % 2)
        return FeatureProgram(
            sources=_table(self._sources, 4),
            scaling=np.array(self._scaling, np.float32).reshape(-1, 3),
            operations=_table(self._operations, 7),
            constants=np.frombuffer(b"".join(self._constants), np.float32),
            means=_table(self._means, 3),
            course=np.array([course], np.int64),
            outputs=np.array(outputs, np.int64),
            shape=np.array([self._planes, self._steps, tile, first_constant, first_measure], np.int64),
        )

    def _taken(self, count: int) -> int:
        """Take planes that follow each other and return the first."""
        self._planes += count
        return self._planes - count

    def _load(self, band: str, steps: int) -> int:
        """Have a band's values loaded, and return their first plane; a static one has no gaps filled."""
        asset, first = self._recipe.assets[band], self._taken(steps)
        fills = self._recipe.gaps.method == "linear" and not asset.static
        self._sources.append((self._recipe.bands.index(band) * self._steps, first, steps, int(fills)))
        with np.errstate(over="ignore"):
            nodata, scale, offset = (np.float32(x) for x in (self._recipe.nodata, asset.scale, asset.offset))
        if self._whole and float(nodata) != self._recipe.nodata:
            nodata = np.float32(np.nan)  # no whole number is equal to it
        if asset.offset == 0:
            offset = np.float32(-0.0)  # changes no number, where adding 0 would change -0
        self._scaling.append((nodata, scale, offset))
        return first

    def _hold_constants(self, trees: Mapping[str, ast.expr]) -> int:
        """Take a plane for each number that formulas and limits name, and return the first."""
        nodes = [node for tree in trees.values() for node in ast.walk(tree)]
        numbers = [_number(node) for node in nodes if isinstance(node, ast.Constant)]
        numbers += [limit for name in trees for limit in self._recipe.layers[name].clip or ()]
        distinct = dict.fromkeys(_bits(number) for number in numbers)
        first = self._taken(len(distinct))
        self._constants = {bits: first + place for place, bits in enumerate(distinct)}
        return first

    def _derived(self, name: str, tree: ast.expr) -> _Operand:
        """Compute an index, limited to its range, into planes of its own."""
        from imagery.feature_kernels import FINITE, MAXIMUM, MINIMUM

        out, clip, value = _Operand(self._taken(self._steps), 1), self._recipe.layers[name].clip, self._value(tree)
        if clip is None:
            return self._operate(FINITE, (value,), out)
        above = self._operate(MAXIMUM, (self._operate(FINITE, (value,)), self._constant(clip[0])))
        return self._operate(MINIMUM, (above, self._constant(clip[1])), out)

    def _value(self, node: ast.expr) -> _Operand:
        """Compute a part of a formula and return where it is."""
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                return self._operate(_code(type(op).__name__), (self._value(left), self._value(right)))
            case ast.UnaryOp(op=op, operand=operand):
                return self._operate(_code(type(op).__name__), (self._value(operand),))
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._operate(_code(name), [self._value(argument) for argument in args])
            case ast.Constant():
                return self._constant(_number(node))
            case ast.Name(id=name):
                return self._layers[name]
        raise ValueError(f"{ast.unparse(node)!r} was not checked")

    def _constant(self, number: float) -> _Operand:
        return _Operand(self._constants[_bits(number)], 0)

    def _operate(self, code: int, operands: Sequence[_Operand], out: _Operand | None = None) -> _Operand:
        """Compute into `out`, or a plane that is free; operands on the way to a result are free from then on."""
        if out is None:
            out = _Operand(self._free.pop() if self._free else self._taken(1), 0)
            self._between.add(out.plane)
        a, b = operands[0], operands[-1]
        self._operations.append((code, out.plane, out.distance, a.plane, a.distance, b.plane, b.distance))
        self._free += [plane for plane in {a.plane, b.plane} if plane in self._between]
        return out

    def _averages(self) -> list[int]:
        """List the means of runs of steps, and return their planes."""
        seasonal = self._recipe.features.seasonal
        for _, run in self._recipe.runs if seasonal else ():
            for name in seasonal.layers if seasonal else ():
                first = self._layers[name].plane
                self._means.append((first + run[0], first + run[-1] + 1, self._taken(1)))
        return [mean[2] for mean in self._means]

    def _course(self) -> tuple[int, int, list[int]]:
        """Return the first plane of the layer whose course is measured, that of the measures, and those asked for."""
        from imagery import feature_kernels

        wanted = self._recipe.features.phenology
        if wanted is None:
            return -1, self._planes, []
        first = self._taken(feature_kernels.COURSE_PLANES)
        asked = [first + getattr(feature_kernels, measure.upper()) for measure in wanted.measures]
        return self._layers[wanted.layer].plane, first, asked


def _needed(recipe: Recipe) -> set[str]:
    """Return the layers that features need, and those that their formulas name."""
    wanted = recipe.features
    needed = {*wanted.series, *(wanted.seasonal.layers if wanted.seasonal else ())}
    needed |= {wanted.phenology.layer} if wanted.phenology else set()
    for name in reversed(recipe.layers):  # a formula names what comes before it
        if name in needed:
            needed |= set(expressions.parse(recipe.layers[name].formula).names)
    return needed


def _tree(formula: str) -> ast.expr:
    """Return a formula that a recipe has checked."""
    return ast.parse(formula, mode="eval").body


def _number(node: ast.Constant) -> float:
    return node.value  # type: ignore[return-value]  # formulas have no other constants


def _bits(number: float) -> bytes:
    """Return a number as float32: its bytes tell 0 from -0."""
    with np.errstate(over="ignore"):
        return np.float32(number).tobytes()


def _code(name: str) -> int:
    """Return the operation of an operator or function in a formula."""
    from imagery import feature_kernels as kernels

    return {
        "Add": kernels.ADD,
        "Sub": kernels.SUBTRACT,
        "Mult": kernels.MULTIPLY,
        "Div": kernels.DIVIDE,
        "USub": kernels.NEGATE,
        "min": kernels.MINIMUM,
        "max": kernels.MAXIMUM,
        "abs": kernels.ABSOLUTE,
        "sqrt": kernels.SQUARE_ROOT,
        "log": kernels.LOGARITHM,
    }[name]


def _table(rows: Iterable[tuple[int, ...]], columns: int) -> npt.NDArray[np.int64]:
    return np.array(list(rows), np.int64).reshape(-1, columns)
