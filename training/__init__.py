"""Samples, learners, ensembles, evaluation and the gate: a pure library without Dagster, HTTP or object stores."""
