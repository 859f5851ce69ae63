"""A look at a JSON body before it is parsed: nesting that costs stacks, and text that no database can keep."""

from __future__ import annotations

import re

#: Deeper than any request of ours: a MultiPolygon's coordinates nest 4, in a geometry in a feature 7.
MAX_DEPTH = 32
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_OPENING = frozenset(b"[{")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_HALF_PAIR = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)


def problem_of_json(body: bytes) -> str | None:
    """Return why a body is refused before it is parsed; None when it may be parsed (and then be found wrong)."""
    if _NUL.search(body):
        return "Text in the body holds a NUL character."
    if _HALF_PAIR.search(body):
        return "Text in the body holds half of a surrogate pair."
    if _is_deeper(body, MAX_DEPTH):
        return f"The body nests deeper than {MAX_DEPTH} levels."
    return None


def _is_deeper(body: bytes, limit: int) -> bool:
    depth = 0
    for bracket in _STRINGS.sub(b"", body).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in _OPENING else -1
        if depth > limit:
            return True
    return False
