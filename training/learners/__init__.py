"""The four learners, behind one function: `fit_learner` (and `fit_learners` for several at once)."""

from training.learners.fitting import NothingToLearnFrom, fit_learner, fit_learners
from training.learners.learner_fit import LearnerFit

__all__ = ["LearnerFit", "NothingToLearnFrom", "fit_learner", "fit_learners"]
