"""`geocrop status`: what there is, at a glance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from geocrop_assets.cli.console import console, table
from resources.layout import BASELINES, BATCH_SUFFIX, DATASETS, RESULTS
from resources.platform import registry_of, store_of
from resources.promotion import audit_records
from resources.publish import POINTER_NAME
from sensors.batches import group_versions

if TYPE_CHECKING:
    from resources.object_store import ObjectStore
    from resources.registry import ModelRegistry
    from resources.settings import Settings

LAST_ACTS = 5


def show_status(settings: Settings) -> None:
    """Print dataset versions, models, promotions, maps and baselines."""
    store, registry = store_of(settings), registry_of(settings)
    console.print(f"home {settings.home.absolute()}, catalogue {settings.catalogue}", soft_wrap=True)
    _show_datasets(store)
    _show_models(registry)
    _show_acts(store)
    maps = [one.key.split("/")[1] for one in store.list(RESULTS, "maps/") if one.key.endswith(POINTER_NAME)]
    years = [one.key.split("/")[0] for one in store.list(BASELINES) if one.key.endswith(POINTER_NAME)]
    console.print(f"crop maps: {len(maps)} {', '.join(maps[:LAST_ACTS])}", soft_wrap=True)
    console.print(f"baselines: {', '.join(years) or 'none'}")


def _show_datasets(store: ObjectStore) -> None:
    versions, _ = group_versions(store.list(DATASETS))
    rows = [
        (
            version,
            sum(one.key.lower().endswith(BATCH_SUFFIX) for one in found),
            sum(one.size for one in found),
        )
        for version, found in sorted(versions.items())
    ]
    table("Dataset versions", ("version", "batches", "bytes"), rows)


def _show_models(registry: ModelRegistry) -> None:
    rows = [
        (
            one.version,
            one.dataset_version,
            one.variant,
            one.recipe,
            one.tags.get("gate", ""),
            datetime.fromtimestamp(one.created, UTC).strftime("%Y-%m-%d %H:%M"),
            ", ".join(one.aliases),
        )
        for one in registry.versions()
    ]
    table("Model versions", ("version", "dataset", "variant", "recipe", "gate", "registered (UTC)", "alias"), rows)


def _show_acts(store: ObjectStore) -> None:
    acts = list(audit_records(store))[-LAST_ACTS:]
    rows = [(one.moment[:19], one.action, one.version, one.previous or "", one.by, one.reason) for one in acts]
    table("Last acts of promotion", ("moment (UTC)", "act", "version", "before", "by", "reason"), rows)
