"""Which backups are kept: the newest of each day, week and month, so many of each; decided purely."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from resources.backup.manifest import MOMENT
from resources.backup.vault import manifest_key

if TYPE_CHECKING:
    from resources.backup.vault import Vault


@dataclass(frozen=True)
class Keeping:
    """How many days, weeks and months keep their newest backup."""

    daily: int = 7
    weekly: int = 4
    monthly: int = 6


def decide_backups_to_delete(ids: Sequence[str], keeping: Keeping) -> tuple[str, ...]:
    """Return the backups that no day, week or month keeps; the newest of all always stays.

    Args:
        ids: names of whole backups, which are moments in UTC.
        keeping: how many of each kind stay.

    """
    newest_first = sorted(ids, reverse=True)
    kept = set(newest_first[:1])
    periods: tuple[tuple[int, Callable[[datetime], object]], ...] = (
        (keeping.daily, lambda moment: moment.date()),
        (keeping.weekly, lambda moment: tuple(moment.isocalendar())[:2]),
        (keeping.monthly, lambda moment: (moment.year, moment.month)),
    )
    for number, period in periods:
        seen: dict[object, str] = {}
        for one in newest_first:
            seen.setdefault(period(datetime.strptime(one, MOMENT)), one)
        kept |= set(list(seen.values())[:number])
    return tuple(one for one in sorted(ids) if one not in kept)


def prune(vault: Vault, keeping: Keeping) -> tuple[tuple[str, ...], int]:
    """Delete backups that nothing keeps, then contents that no backup needs; return the names, and how many contents.

    Manifests go first: killed half way, contents are left that the next pruning deletes, and no backup lacks any.
    """
    with vault.open().lease(), TemporaryDirectory(prefix="geocrop-prune-") as folder:
        gone = decide_backups_to_delete(vault.ids(), keeping)
        for one in gone:
            vault.store.delete(vault.bucket, manifest_key(one))
        needed: set[str] = set()
        for manifest in vault.manifests():
            needed |= {manifest.index, *(one.sha256 for one in manifest.databases)}
            needed |= {one.sha256 for one in vault.objects(manifest, Path(folder))}
        unused = [one.key for one in vault.contents() if one.key.rpartition("/")[2] not in needed]
        vault.renew()
        for key in unused:
            vault.store.delete(vault.bucket, key)
        return gone, len(unused)
