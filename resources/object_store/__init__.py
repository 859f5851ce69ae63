"""One small object store with two backends: a folder (the embedded default) and S3 (MinIO in production)."""

from resources.object_store.base import (
    BucketNotFound,
    InvalidKey,
    ObjectNotFound,
    ObjectStat,
    ObjectStore,
    PreconditionFailed,
    StoreUnavailable,
    check_bucket,
    check_key,
)
from resources.object_store.folder import FolderStore
from resources.object_store.s3 import S3Store

__all__ = [
    "BucketNotFound",
    "FolderStore",
    "InvalidKey",
    "ObjectNotFound",
    "ObjectStat",
    "ObjectStore",
    "PreconditionFailed",
    "S3Store",
    "StoreUnavailable",
    "check_bucket",
    "check_key",
]
