"""Formulas of indices, as written in a recipe: arithmetic over layers, evaluated in float32, the same bits everywhere.

Only IEEE 754 operations that are exactly rounded are used (+ - * /, sqrt, abs, min, max), and a logarithm made of them,
so a value does not depend on the array's layout, the processor's vector width or numpy's version.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

LN2 = 0.6931471805599453
LOG_TERMS = 11  # |s| < 0.172 after scaling to [sqrt(1/2), sqrt(2)): the 12th term is below 1e-18

_OPERATORS: dict[type[ast.operator], np.ufunc] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}


def log(x: Array) -> Array:
    """Return the natural logarithm of a float32 array, as float32; NaN for zero and below."""
    positive = x > 0
    mantissa, exponent = np.frexp(np.where(positive, x, 1).astype(np.float64))
    low = mantissa < np.sqrt(0.5)
    mantissa = np.where(low, mantissa * 2.0, mantissa)
    exponent = np.where(low, exponent - 1, exponent)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square = s * s
    series = np.zeros_like(s)
    for term in range(LOG_TERMS, -1, -1):
        series = series * square + 1.0 / (2 * term + 1)
    result = exponent * LN2 + 2.0 * s * series
    return np.where(positive, result, np.nan).astype(np.float32)


_FUNCTIONS: dict[str, tuple[int, Callable[..., Array]]] = {
    "log": (1, log),
    "sqrt": (1, np.sqrt),
    "abs": (1, np.abs),
    "min": (2, np.minimum),
    "max": (2, np.maximum),
}


@dataclass(frozen=True)
class Expression:
    """A parsed formula over named layers."""

    text: str
    names: tuple[str, ...]

    def evaluate(self, layers: Mapping[str, Array]) -> Array:
        """Compute the formula on float32 arrays of one shape; whatever is not finite becomes NaN."""
        with np.errstate(all="ignore"):
            value = np.asarray(_value(_tree(self.text), layers), dtype=np.float32)
            return np.where(np.isfinite(value), value, np.float32(np.nan))


def parse(text: str) -> Expression:
    """Read a formula such as `(nir - red) / (nir + red)`.

    Raises:
        ValueError: where the text is anything but names, numbers, + - * /, brackets and log, sqrt, abs, min, max.

    """
    names: list[str] = []
    _check(_tree(text), names)
    if not names:
        raise ValueError(f"the formula {text!r} names no layer")
    return Expression(text, tuple(dict.fromkeys(names)))


def _tree(text: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"the formula {text!r} cannot be read: {error.msg}") from error


def _check(node: ast.expr, names: list[str]) -> None:
    """Refuse whatever is not plain arithmetic, and collect the names of layers."""
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left, names)
            _check(right, names)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand, names)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if _FUNCTIONS.get(name, (-1,))[0] == len(args):
            for argument in args:
                _check(argument, names)
        case ast.Constant(value=int() | float()):
            pass
        case ast.Name(id=name):
            names.append(name)
        case _:
            raise ValueError(
                f"{ast.unparse(node)!r} is not allowed in a formula: write names of layers, numbers, + - * /, "
                f"brackets, log(x), sqrt(x), abs(x), min(x, y), max(x, y)"
            )


def _value(node: ast.expr, layers: Mapping[str, Array]) -> Array | np.float32:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            result: Array = _OPERATORS[type(op)](_value(left, layers), _value(right, layers))
            return result
        case ast.UnaryOp(operand=operand):
            return -_value(operand, layers)
        case ast.Call(func=ast.Name(id=name), args=args):
            return _FUNCTIONS[name][1](*(_value(argument, layers) for argument in args))
        case ast.Constant(value=int() | float() as number):
            return np.float32(number)
        case ast.Name(id=name):
            return layers[name]
    raise ValueError(f"{ast.unparse(node)!r} was not checked")
