"""Arrays in safetensors files: a format that holds numbers and nothing that could run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from training.errors import GeocropError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class InvalidModelFile(GeocropError):
    """Train again: the model file is not what this version of GeoCrop writes."""

    code: ClassVar[str] = "invalid-model-file"


def write_arrays(path: Path, arrays: dict[str, NDArray[Any]], format_name: str) -> None:
    """Write arrays as a safetensors file; the same arrays give the same bytes."""
    from safetensors.numpy import save

    kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    path.write_bytes(save(kept, metadata={"format": format_name}))


def read_arrays(path: Path, expected_format: str, *older: str) -> dict[str, NDArray[Any]]:
    """Read the arrays of a safetensors file whose metadata names one of these formats; raises InvalidModelFile."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            found = (file.metadata() or {}).get("format")
            if found not in {expected_format, *older}:
                raise InvalidModelFile(f"{path.name} has the format {found!r}, not {expected_format!r}")
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
    except SafetensorError as error:
        raise InvalidModelFile(f"{path.name} is not a safetensors file: {error}") from error
