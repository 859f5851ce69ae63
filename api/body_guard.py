"""A look at a JSON body before it is parsed: nesting that costs stacks, and text that no database can keep.

It runs in the event loop, on bodies of megabytes: everything here is linear and in C, and possessive patterns keep no
way back, which would cost a hundred times the body in memory.
"""

from __future__ import annotations

import re

#: Deeper than any request of ours: a MultiPolygon's coordinates nest 4, in a geometry in a feature 7.
MAX_DEPTH = 32
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?+', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")
_HALF_PAIR = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)


def problem_of_json(body: bytes) -> str | None:
    """Return why a body is refused before it is parsed; None when it may be parsed (and then be found wrong)."""
    if b"\\u0000" in body and _NUL.search(body):
        return "Text in the body holds a NUL character."
    if (b"\\ud" in body or b"\\uD" in body) and _HALF_PAIR.search(body):
        return "Text in the body holds half of a surrogate pair."
    if _is_deeper(body, MAX_DEPTH):
        return f"The body nests deeper than {MAX_DEPTH} levels, or its brackets do not match."
    return None


def _is_deeper(body: bytes, limit: int) -> bool:
    if body.count(b"[") + body.count(b"{") <= limit:
        return False
    brackets = _STRINGS.sub(b"", body).translate(_ONE_KIND, _NOT_BRACKETS)
    for _ in range(limit):  # each turn takes the innermost level away
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)  # too deep, or without a match, which no parser takes either
