"""What can be wrong with a backup, and what the reader can do."""

from __future__ import annotations

from typing import ClassVar

from training.errors import GeocropError


class BackupNotFound(GeocropError):
    """Name one of the backups that `geocrop backup list` shows."""

    code: ClassVar[str] = "backup-not-found"


class BackupDamaged(GeocropError):
    """Take another backup, and find out what happened to this one's store: content is missing or was changed."""

    code: ClassVar[str] = "backup-damaged"


class BackupIncomplete(GeocropError):
    """Start it again: something was deleted while it was copied; nothing of this backup counts."""

    code: ClassVar[str] = "backup-incomplete"


class BackupInProgress(GeocropError):
    """Wait for the backup under way; if its machine died, wait the few minutes until its lease has run out."""

    code: ClassVar[str] = "backup-in-progress"


class BackupNotSet(GeocropError):
    """Set GEOCROP_BACKUP_ENDPOINT with its keys, or GEOCROP_BACKUP_FOLDER, to where backups are kept."""

    code: ClassVar[str] = "backup-not-set"


class DatabaseToolFailed(GeocropError):
    """Read what the program said: is the server up, are PGHOST, PGPORT, PGUSER, PGPASSWORD right, is it new enough?"""

    code: ClassVar[str] = "database-tool-failed"


class TargetNotEmpty(GeocropError):
    """Restore into an empty place, or say --overwrite: what is there now is then lost."""

    code: ClassVar[str] = "target-not-empty"


class TargetInUse(GeocropError):
    """Stop what is connected to the database (API, Dagster, MLflow), then restore."""

    code: ClassVar[str] = "target-in-use"
