"""Dagster's daemons, assets and partitions as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resources.exporter.readers import gauges
from sensors import tags

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from prometheus_client.core import Metric

#: Dynamic partitions of the code location.
PARTITIONS = (tags.AOI_SEASON, tags.DATASET_VERSION)


def read_daemons(instance: DagsterInstance) -> list[Metric]:
    """Return the last sign of life of each daemon, and how many errors it told with it."""
    beats = sorted(instance.get_daemon_heartbeats().items())
    return [
        gauges(
            "geocrop_daemon_heartbeat_timestamp_seconds",
            "Last sign of life of one of Dagster's daemons.",
            ("daemon",),
            [((name,), beat.timestamp) for name, beat in beats],
        ),
        gauges(
            "geocrop_daemon_errors",
            "Errors that a daemon told with its last sign of life.",
            ("daemon",),
            [((name,), float(len(beat.errors or ()))) for name, beat in beats],
        ),
    ]


def read_assets(instance: DagsterInstance) -> list[Metric]:
    """Return when each asset was made last, and how many partitions there are by hand or by sensor."""
    records = instance.get_asset_records(instance.all_asset_keys())
    made = [
        ((one.asset_entry.asset_key.to_user_string(),), event.timestamp)
        for one in records
        if (event := one.asset_entry.last_materialization_record) is not None
    ]
    partitions = [((name,), float(len(instance.get_dynamic_partitions(name)))) for name in PARTITIONS]
    return [
        gauges(
            "geocrop_asset_materialized_timestamp_seconds",
            "When an asset was made last, any partition of it.",
            ("asset",),
            sorted(made),
        ),
        gauges("geocrop_partitions", "Dynamic partitions by their kind.", ("partitions",), partitions),
    ]
