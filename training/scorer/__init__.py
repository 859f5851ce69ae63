"""The ensemble's probabilities, compiled: `convert` a bundle once, then `Scorer.predict_proba`."""

from training.scorer.conversion import write_scorer
from training.scorer.scorer import FORMAT, Scorer, ScorerMismatch, convert

__all__ = ["FORMAT", "Scorer", "ScorerMismatch", "convert", "write_scorer"]
