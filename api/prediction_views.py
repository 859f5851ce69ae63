"""What answers show of a prediction. Polled by every client: no query, no store, no registry, only what was read."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from api.db.jobs import IN_FLIGHT
from api.models.predictions import (
    AreaInterval,
    ClassArea,
    LegendEntry,
    MapResult,
    PredictedAoi,
    PredictionLinks,
    PredictionView,
    State,
)
from api.predict import ClassArea as CountedArea
from api.predict import IncompleteResult, class_areas
from api.security import secret_of, sign_link
from api.tiling import download_url, legend_of, tilejson_url
from imagery.areas import CAVEAT
from imagery.stac import CROP_MAPS
from resources.layout import RESULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.db.predictions import Shown
    from api.db.tables import AoiRow, Job
    from api.services import Services

EVENTS_LINK_LIFE = timedelta(hours=1)
MAP_NAME = "crop_map.tif"
ITEM_NAME = "item.json"
THUMBNAIL_NAME = "thumbnail.png"
AREAS_NAME = "areas.csv"


def events_path(prediction_id: str) -> str:
    """Return the path of a prediction's events, which a link to them is signed for."""
    return f"/predictions/{prediction_id}/events"


def view_of(services: Services, base: str, shown: Shown, *, for_admin: bool) -> PredictionView:
    """Return a prediction as its user sees it; administrators see who asked, and the run."""
    prediction, job = shown.prediction, shown.job
    is_ready = job.state == "ready" and job.result is not None
    return PredictionView(
        id=prediction.id,
        state=cast("State", job.state),
        progress=job.progress,
        step=job.step,
        position=job.position,
        lane=cast("Literal['interactive', 'batch']", job.lane),
        cancelling=job.cancel_requested and job.state in IN_FLIGHT,
        reason=job.reason,
        reason_code=job.reason_code if job.reason else None,  # without words it is the follower's own note
        aoi=aoi_of(prediction.aoi, shown.aoi_name),
        season=prediction.season,
        job_id=job.id,
        created_at=prediction.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        requested_by=shown.requested_by if for_admin else None,
        run=_run_link(services, job) if for_admin else None,
        result=_result(services, base, shown) if is_ready else None,
        links=_links(services, base, prediction.id, prediction.aoi_id),
    )


def aoi_of(row: AoiRow, name: str | None) -> PredictedAoi:
    """Return what an answer says of the AOI."""
    return PredictedAoi(
        id=row.id, name=name, area_ha=round(row.area_ha, 4), bbox=(row.west, row.south, row.east, row.north)
    )


def _links(services: Services, base: str, prediction_id: str, aoi_id: str) -> PredictionLinks:
    token = sign_link(events_path(prediction_id), EVENTS_LINK_LIFE, secret_of(services.settings))
    return PredictionLinks(
        self_=f"{base}/predictions/{prediction_id}",
        events=f"{base}{events_path(prediction_id)}?token={token}",
        aoi=f"{base}/aois/{aoi_id}",
    )


def _run_link(services: Services, job: Job) -> str | None:
    if job.run_id is None:
        return None
    ui_url = services.settings.dagster_ui_url or services.settings.dagster_url
    return services.orchestrator.run_url(ui_url, job.run_id)


def _area(row: CountedArea) -> ClassArea:
    told = asdict(row) | {"interval": None}
    if row.interval is not None:
        estimated, low, high = row.interval
        told["interval"] = AreaInterval(estimated=estimated, low=low, high=high)
    return ClassArea(**told)


def _result(services: Services, base: str, shown: Shown) -> MapResult:
    pointer: dict[str, Any] = shown.job.result or {}
    try:
        return _map_result(services, base, shown, pointer)
    except KeyError as error:
        raise IncompleteResult(f"the map of job {shown.job.id} lacks {error}") from error


def _map_result(services: Services, base: str, shown: Shown, pointer: dict[str, Any]) -> MapResult:
    facts = pointer["facts"]
    legend = legend_of(services, RESULTS)
    link = _linker(services, base, shown, pointer["files"])
    return MapResult(
        tilejson=tilejson_url(services, base, RESULTS, pointer["files"][MAP_NAME]),
        download=link(MAP_NAME, ".tif"),
        stac_item=link(ITEM_NAME, ".json"),
        stac=f"{base}/stac/collections/{CROP_MAPS}/items/{shown.job.partition}",
        thumbnail=link(THUMBNAIL_NAME, ".png"),
        areas_csv=link(AREAS_NAME, ".csv"),
        areas=[_area(row) for row in class_areas(facts, legend, pointer.get("area_estimates"))],
        caveat=CAVEAT,
        legend=[LegendEntry(code=one.code, name=one.name, title=one.title, color=one.color) for one in legend],
        hectares_mapped=round(facts["pixels_mapped"] * facts["pixel_area_ha"], 4),
        share_mapped=facts["share_mapped"],
        mean_confidence=round(facts["mean_confidence"], 2),
        share_applicable=facts["share_applicable"],
        model_version=pointer["model_version"],
        bundle_hash=pointer["bundle_hash"],
        simulated=pointer["simulated"],
    )


def _linker(services: Services, base: str, shown: Shown, files: dict[str, str]) -> Callable[[str, str], str]:
    """Return what makes the download link of one of a map's files, named after AOI and season."""
    stem = f"crop-map-{shown.prediction.aoi_id}-{shown.prediction.season}"

    def link(name: str, suffix: str) -> str:
        return download_url(services, base, RESULTS, files[name], stem + suffix)

    return link
