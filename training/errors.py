"""The one base error of GeoCrop, and the errors of samples, training and promotion.

Every subclass says in the first line of its docstring what the reader can do; `code` is stable and is what the API
shows (one table maps codes to HTTP in `api/errors.py`).
"""

from __future__ import annotations

from typing import ClassVar


class GeocropError(Exception):
    """Something in the request or the data needs a person: read the message, it says what to do."""

    code: ClassVar[str] = "geocrop-error"

    @classmethod
    def hint(cls) -> str:
        """Return what the reader of this kind of error can do, in one line."""
        return (cls.__doc__ or "").strip().splitlines()[0]
