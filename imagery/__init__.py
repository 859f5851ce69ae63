"""Scenes, composites, features, crop maps, COG and STAC: a pure library without Dagster, HTTP or object stores."""
