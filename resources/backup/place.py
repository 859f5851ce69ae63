"""Where an installation keeps its backups, by its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resources.backup.errors import BackupNotSet
from resources.backup.vault import Vault
from resources.layout import BUCKETS
from resources.object_store import FolderStore, S3Store

if TYPE_CHECKING:
    from resources.settings import Settings


def vault_of(settings: Settings) -> Vault:
    """Return the vault; nothing is sent yet.

    Raises:
        BackupNotSet: the settings name no place, or an endpoint without its keys.

    """
    if settings.backup_endpoint:
        key, secret = settings.backup_access_key, settings.backup_secret_key
        if key is None or secret is None:
            raise BackupNotSet("GEOCROP_BACKUP_ENDPOINT needs GEOCROP_BACKUP_ACCESS_KEY and GEOCROP_BACKUP_SECRET_KEY")
        store = S3Store(
            settings.backup_endpoint, key, secret.get_secret_value(), secure=False, region=settings.s3_region
        )
        return Vault(store, settings.backup_bucket)
    if settings.backup_folder is None:
        raise BackupNotSet("neither GEOCROP_BACKUP_ENDPOINT nor GEOCROP_BACKUP_FOLDER is set")
    return Vault(FolderStore(settings.backup_folder), settings.backup_bucket)


def has_place(settings: Settings) -> bool:
    """Tell whether the settings name a place for backups."""
    return bool(settings.backup_endpoint or settings.backup_folder)


def buckets_of(settings: Settings) -> tuple[str, ...]:
    """Return the buckets that are kept: the platform's own, and those that the settings add."""
    return (*BUCKETS, *(one for one in settings.backup_buckets if one not in BUCKETS))
