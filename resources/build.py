"""Resources from settings: the one place that connects the two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster import EnvVar

from resources.archive import SceneArchive
from resources.io_managers import GeoParquetIOManager, ModelBundleIOManager
from resources.layout import BUCKETS, FEATURES, MODELS
from resources.progress import Listener, Progress
from resources.registry import ModelRegistry
from resources.rules import DatasetRules
from resources.settings import S3_SECRET_VARIABLE
from resources.store_resource import ObjectStoreResource

if TYPE_CHECKING:
    from resources.object_store import ObjectStore
    from resources.settings import Settings


def build_resources(settings: Settings, listener: Listener | None = None) -> dict[str, Any]:
    """Return the resources that assets and sensors name, all but the training settings of a run."""
    store = store_resource_of(settings)
    progress = Progress()
    if listener is not None:
        progress = progress.heard_by(listener)
    return {
        "store": store,
        "tables": GeoParquetIOManager(store=store, bucket=FEATURES),
        "bundles": ModelBundleIOManager(store=store, bucket=MODELS),
        "registry": registry_of(settings),
        "archive": SceneArchive(catalogue=settings.catalogue),
        "rules": rules_of(settings),
        "progress": progress,
    }


def store_resource_of(settings: Settings) -> ObjectStoreResource:
    """Return the object store's resource: S3 where an endpoint is set, else a folder in the platform's home."""
    if settings.s3_endpoint is None:
        return ObjectStoreResource(root=str(settings.store_root))
    endpoint = settings.s3_endpoint
    return ObjectStoreResource(
        endpoint=endpoint.removeprefix("https://").removeprefix("http://").rstrip("/"),
        access_key=settings.s3_access_key,
        secret_key=EnvVar(S3_SECRET_VARIABLE),
        secure=endpoint.startswith("https://"),
        region=settings.s3_region,
    )


def store_of(settings: Settings) -> ObjectStore:
    """Return the object store, its buckets made."""
    store = store_resource_of(settings).store
    store.ensure_buckets(BUCKETS)
    return store


def registry_of(settings: Settings) -> ModelRegistry:
    """Return the model registry."""
    return ModelRegistry(
        tracking_uri=settings.tracking_uri, artifact_root=settings.artifact_root, model_name=settings.model_name
    )


def rules_of(settings: Settings) -> DatasetRules:
    """Return what the installation says of datasets and AOIs."""
    return DatasetRules(
        recipe=settings.recipe,
        recipes_dir=_text(settings.recipes_dir),
        classes=_text(settings.classes),
        extent=None if settings.extent is None else list(settings.extent),
        max_reject_share=settings.max_reject_share,
        block_size_m=settings.block_size_m,
        default_season=settings.default_season,
        max_aoi_ha=settings.max_aoi_ha,
        threads=settings.threads,
    )


def _text(path: object) -> str | None:
    return None if path is None else str(path)
