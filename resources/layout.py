"""Where things live in the object store: bucket names and the one place that spells keys."""

from __future__ import annotations

DATASETS = "geocrop-datasets"
FEATURES = "geocrop-features"
MODELS = "geocrop-models"
BASELINES = "geocrop-baselines"
RESULTS = "geocrop-results"
LOGS = "geocrop-logs"
BUCKETS = (DATASETS, FEATURES, MODELS, BASELINES, RESULTS, LOGS)

#: Says of a dataset what its files cannot: recipe, default season. Lies beside the batches.
SIDECAR_NAME = "dataset.yaml"
#: An empty object that tells the sensor not to wait for the quiet period: the version is complete.
COMPLETE_NAME = "_COMPLETE"
BATCH_SUFFIX = ".csv"
BASELINE_SUFFIXES = (".tif", ".tiff")


def batch_key(version: str, name: str) -> str:
    """Return the key of one CSV batch of a dataset version, in bucket `DATASETS`."""
    return f"{version}/{name}"


def sidecar_key(version: str) -> str:
    """Return the key of a dataset version's sidecar, in bucket `DATASETS`."""
    return f"{version}/{SIDECAR_NAME}"


def complete_key(version: str) -> str:
    """Return the key whose presence says that a dataset version is complete, in bucket `DATASETS`."""
    return f"{version}/{COMPLETE_NAME}"


def rejects_key(version: str) -> str:
    """Return the key of a dataset version's rejected rows (Parquet), in bucket `FEATURES`."""
    return f"rejects/{version}.parquet"


def bundle_prefix(bundle_hash: str) -> str:
    """Return the content-addressed prefix of a model bundle, in bucket `MODELS`."""
    return f"bundles/{bundle_hash}"


REPORT_NAME = "report.json"
"""Of the files of an evaluation report: all its numbers."""


def report_key(bundle_hash: str, name: str) -> str:
    """Return the key of one file of a bundle's evaluation report, in bucket `MODELS`."""
    return f"reports/{bundle_hash}/{name}"


def audit_prefix() -> str:
    """Return the prefix of the promotion audit, in bucket `MODELS`; keys below it sort by time."""
    return "audit/"


def open_act_key() -> str:
    """Return the key of the act of promotion that is under way, in bucket `MODELS`: there is one at a time."""
    return "promotion/open.json"


def aoi_key(aoi_id: str) -> str:
    """Return the key of an AOI's geometry (GeoJSON), in bucket `RESULTS`."""
    return f"aois/{aoi_id}.geojson"


def composite_prefix(partition: str) -> str:
    """Return the prefix of a crop map partition's composites, in bucket `RESULTS`."""
    return f"composites/{partition}/"


def map_prefix(partition: str) -> str:
    """Return the prefix of a crop map partition's files, in bucket `RESULTS`."""
    return f"maps/{partition}/"


def baseline_upload_prefix(year: int | str | None = None) -> str:
    """Return the prefix that baseline uploads (of one year) are put under, in bucket `BASELINES`."""
    return "uploads/" if year is None else f"uploads/{year}/"


def baseline_prefix(year: int | str) -> str:
    """Return the prefix of one year's baseline COG and STAC item, in bucket `BASELINES`."""
    return f"{year}/"


def alert_key(moment: str, name: str) -> str:
    """Return the key of one alert, in bucket `LOGS`; `moment` is an ISO time, so that keys sort by time."""
    return f"alerts/{moment[:10]}/{moment}-{name}.json"
