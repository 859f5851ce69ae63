"""References arranged for the search of one that is near: turned onto their main axes, in blocks of neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from training.kernel_arrays import sealed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Search:
    """What the kernel takes; see `training.applicability_kernels`.

    Features are filled up with zeros to p, a multiple of 16. Distances along all p axes are those in features.

    Attributes:
        leading, others: float32 [p, 12] and [p, p - 12], the axes, by falling variance of the references.
        leading_samples: float32 [12, 64 * block], coordinates of the references; infinite where a block has fewer than
            64 of them.
        other_samples: float32 [block, p - 12, 64].
        numbers: int64 [64 * block], numbers of the references.
        references: float32 [m, p], in features.
    """

    leading: Floats
    others: Floats
    leading_samples: Floats
    other_samples: Floats
    numbers: NDArray[np.int64]
    references: Floats

    @classmethod
    def of(cls, references: Floats) -> Self:
        """Arrange references float32 [m, f]."""
        from training.applicability_kernels import BLOCK, LANES, LEADING

        m, f = references.shape
        padded = np.zeros((m, -(-max(f, 1) // LANES) * LANES), np.float64)
        padded[:, :f] = references
        axes = np.linalg.eigh(np.cov(padded, rowvar=False, bias=True))[1][:, ::-1]
        turned = padded @ axes
        blocks = _blocks(turned, np.arange(m), BLOCK)
        samples = np.full((len(blocks), axes.shape[1], BLOCK), np.inf, np.float32)
        numbers = np.zeros((len(blocks), BLOCK), np.int64)
        for block, members in enumerate(blocks):
            samples[block, :, : len(members)] = turned[members].T
            numbers[block, : len(members)] = members
        return cls(
            leading=np.ascontiguousarray(axes[:, :LEADING], np.float32),
            others=np.ascontiguousarray(axes[:, LEADING:], np.float32),
            leading_samples=np.ascontiguousarray(samples[:, :LEADING].swapaxes(0, 1)).reshape(LEADING, -1),
            other_samples=np.ascontiguousarray(samples[:, LEADING:]),
            numbers=numbers.reshape(-1),
            references=padded.astype(np.float32),
        )

    def kernel_arrays(self) -> tuple[NDArray[Any], ...]:
        """Return what the kernel takes."""
        of_axes = (self.leading, self.others, self.leading_samples, self.other_samples)
        return tuple(sealed(array) for array in (*of_axes, self.numbers, self.references))


def _blocks(turned: NDArray[np.float64], members: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Halve references along the axis on which they are spread most, until no part has more than `size`."""
    if len(members) <= size:
        return [members]
    spread = np.ptp(turned[members], axis=0)
    order = members[np.argsort(turned[members, np.argmax(spread)], kind="stable")]
    middle = len(order) // 2
    return _blocks(turned, order[:middle], size) + _blocks(turned, order[middle:], size)
