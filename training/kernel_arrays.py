"""Arrays as kernels take them."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt


def sealed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view that cannot be written to: numba compiles anew for each mix of those that can and cannot."""
    view = array.view()
    view.flags.writeable = False
    return view
