"""Object store, model registry and dataset rules from settings, without Dagster: for the command line and the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resources.layout import BUCKETS
from resources.object_store import FolderStore, S3Store
from resources.registry import ModelRegistry
from resources.rules import DatasetRules
from resources.settings import s3_secret

if TYPE_CHECKING:
    from resources.object_store import ObjectStore
    from resources.settings import Settings


def store_of(settings: Settings) -> ObjectStore:
    """Return the object store, its buckets made."""
    store = open_store(settings)
    store.ensure_buckets(BUCKETS)
    return store


def open_store(settings: Settings) -> ObjectStore:
    """Return the object store, nothing sent yet: S3 where an endpoint is set, else a folder in the platform's home.

    Raises:
        ValueError: an endpoint without its keys.

    """
    if settings.s3_endpoint is None:
        return FolderStore(settings.store_root)
    secret = s3_secret()
    if not settings.s3_endpoint or settings.s3_access_key is None or secret is None:
        raise ValueError("S3 needs MINIO_ENDPOINT, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: one of them is not set")
    return S3Store(
        settings.s3_endpoint,
        settings.s3_access_key,
        secret.get_secret_value(),
        secure=False,  # of an endpoint without a scheme; https:// decides for itself
        region=settings.s3_region,
        public_endpoint=settings.s3_public_endpoint,
    )


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
        extent=settings.extent,
        max_reject_share=settings.max_reject_share,
        block_size_m=settings.block_size_m,
        default_season=settings.default_season,
        max_aoi_ha=settings.max_aoi_ha,
        threads=settings.threads,
        memory_mib=settings.memory_mib,
        ray_address=settings.ray_address,
    )


def _text(path: object) -> str | None:
    return None if path is None else str(path)
