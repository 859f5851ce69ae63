"""The code location with the map job as Dagster's stock path runs it: a process for every step."""

import dagster as dg

from geocrop_assets.definitions import build_definitions
from geocrop_assets.jobs import with_checks
from resources.settings import load_settings

STOCK_JOB = "draw_crop_map_stock"


@dg.definitions
def defs() -> dg.Definitions:
    """Load the platform's assets with one more job."""
    stock = dg.define_asset_job(
        STOCK_JOB,
        selection=with_checks("season_composite", "crop_map"),
        executor_def=dg.multiprocess_executor,
        description="The map job with the multiprocess executor, to compare with.",
    )
    return dg.Definitions.merge(build_definitions(load_settings()), dg.Definitions(jobs=[stock]))
