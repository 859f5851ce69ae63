"""Dataset rules as a Dagster resource: assets get the plain object by `dg.ResourceParam[DatasetRules]`."""

from __future__ import annotations

from dataclasses import fields

from dagster import ConfigurableResource, InitResourceContext

from resources.rules import DatasetRules

BACKFILL_TAG = "dagster/backfill"
"""Dagster's own, of the runs of a backfill."""


class DatasetRulesResource(ConfigurableResource[DatasetRules]):
    """Settings of datasets and AOIs as a resource, so that a run shows what it was made with."""

    recipe: str = DatasetRules.recipe
    recipes_dir: str | None = DatasetRules.recipes_dir
    classes: str | None = DatasetRules.classes
    extent: list[float] | None = None  # west, south, east, north in degrees; Dagster's config has no tuples
    max_reject_share: float = DatasetRules.max_reject_share
    block_size_m: float = DatasetRules.block_size_m
    default_season: str | None = DatasetRules.default_season
    max_aoi_ha: float = DatasetRules.max_aoi_ha
    threads: int | None = DatasetRules.threads
    memory_mib: int = DatasetRules.memory_mib
    ray_address: str | None = DatasetRules.ray_address

    def create_resource(self, context: InitResourceContext) -> DatasetRules:  # Dagster's signature
        """Return the rules that assets are given; a backfill's, no cluster: its runs fill the nodes themselves."""
        given = {field.name: getattr(self, field.name) for field in fields(DatasetRules)}
        if context.run is not None and BACKFILL_TAG in context.run.tags:
            given["ray_address"] = None
        return DatasetRules(**given | {"extent": None if self.extent is None else tuple(self.extent)})
