"""Loads rio-tiler and TiTiler without xarray, for the memory of the API; to be imported before either.

rio-tiler has a reader of xarray's arrays, and loads xarray, dask, pandas and scipy for it wherever they are installed,
as they are here for the maps: 100 MB and two seconds for what the API never uses. Where xarray cannot be imported,
rio-tiler does without.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_UNUSED = ("xarray", "rioxarray")


@contextmanager
def _hidden(names: tuple[str, ...]) -> Iterator[None]:
    """Let modules that are not loaded yet appear as not installed."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None is Python's word for "cannot be imported"
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _hidden(_UNUSED):
    import rio_tiler.io
    import titiler.core.factory

__all__ = ["rio_tiler", "titiler"]
