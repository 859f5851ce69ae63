"""A simulated landscape for a machine without internet.

Nothing in it was observed, and it says so wherever it is shown.
"""

from demo.landscape import Landscape, simulate
from demo.score import score_map, truth_on

__all__ = ["Landscape", "score_map", "simulate", "truth_on"]
