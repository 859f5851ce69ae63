"""Sensors: pure `decide_*` functions under thin Dagster shells."""
