"""Dagster's resources from settings; `resources.platform` makes the plain objects."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dagster import EnvVar

from resources.archive import SceneArchive
from resources.io_managers import GeoParquetIOManager, ModelBundleIOManager
from resources.layout import FEATURES, MODELS
from resources.platform import registry_of, rules_of
from resources.progress import Listener, Progress
from resources.registry_resource import ModelRegistryResource
from resources.rules_resource import DatasetRulesResource
from resources.settings import S3_SECRET_VARIABLE
from resources.store_resource import ObjectStoreResource

if TYPE_CHECKING:
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
        "registry": registry_resource_of(settings),
        "archive": SceneArchive(catalogue=settings.catalogue),
        "rules": rules_resource_of(settings),
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


def registry_resource_of(settings: Settings) -> ModelRegistryResource:
    """Return the model registry's resource."""
    plain = registry_of(settings)
    return ModelRegistryResource(
        tracking_uri=plain.tracking_uri, artifact_root=plain.artifact_root, model_name=plain.model_name
    )


def rules_resource_of(settings: Settings) -> DatasetRulesResource:
    """Return the resource of what the installation says of datasets and AOIs."""
    plain = asdict(rules_of(settings))
    return DatasetRulesResource(**plain | {"extent": None if plain["extent"] is None else list(plain["extent"])})
