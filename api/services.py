"""What the API holds while it runs, made once from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.champion import ChampionCache
    from api.db.session import Database
    from api.lane import LaneClient
    from api.orchestrator import Orchestrator
    from api.streams import Broadcaster
    from resources.object_store import ObjectStore
    from resources.registry import ModelRegistry
    from resources.rules import DatasetRules
    from resources.settings import Settings


@dataclass
class Services:
    """Everything that routes and background work reach; tests replace single ones."""

    settings: Settings
    database: Database
    store: ObjectStore
    registry: ModelRegistry
    rules: DatasetRules
    champion: ChampionCache
    orchestrator: Orchestrator
    lane: LaneClient
    broadcaster: Broadcaster


def build_services(settings: Settings) -> Services:
    """Return the services of an installation. Nothing is reached yet but the object store, whose buckets are made."""
    from api.champion import ChampionCache
    from api.db.session import Database
    from api.lane import LaneClient
    from api.orchestrator import Orchestrator
    from api.streams import Broadcaster
    from resources.platform import registry_of, rules_of, store_of

    registry = registry_of(settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    return Services(
        settings=settings,
        database=Database(settings.database_url),
        store=store_of(settings),
        registry=registry,
        rules=rules_of(settings),
        champion=ChampionCache(registry),
        orchestrator=Orchestrator(settings.dagster_url),
        lane=LaneClient.of(settings),
        broadcaster=Broadcaster(),
    )
