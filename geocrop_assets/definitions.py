"""The code location: merges what the other modules define."""

from __future__ import annotations

import dagster as dg

from geocrop_assets import jobs, map_checks, partitions
from geocrop_assets.assets import composites, datasets, evaluation, features, ingest, maps, models, promotion
from geocrop_assets.assets.promotion import gate_rules_of
from geocrop_assets.housekeeping import build_housekeeping
from geocrop_assets.run_config import training_settings
from resources.build import build_resources
from resources.progress import Listener
from resources.settings import Settings, load_settings
from sensors.definitions import build_sensors


def build_definitions(settings: Settings, *, listener: Listener | None = None) -> dg.Definitions:
    """Return everything that the platform is made of, for these settings."""
    families = [ingest, datasets, features, models, evaluation, promotion, composites, maps]
    housekeeping, daily = build_housekeeping(settings.keep_runs_days)
    return dg.Definitions(
        assets=dg.load_assets_from_modules(families),
        asset_checks=dg.load_asset_checks_from_modules([map_checks]),
        jobs=[*jobs.build_jobs(), housekeeping],
        schedules=[daily],
        sensors=build_sensors(settings, variants=partitions.VARIANTS, years=partitions.BASELINE_YEARS),
        resources={
            **build_resources(settings, listener),
            "training": training_settings(settings.training_defaults),
            "gate": gate_rules_of(settings),
        },
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Load the code location with the settings of this installation."""
    return build_definitions(load_settings())
