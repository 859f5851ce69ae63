"""Where an asset's partition lies."""

from __future__ import annotations

import dagster as dg
import pytest

from resources.asset_keys import object_path
from resources.object_store import check_key


@pytest.mark.parametrize(
    ("partition", "path"),
    [
        (None, "models/forest"),
        ("2024-05", "models/forest/2024-05"),
        (dg.MultiPartitionKey({"variant": "Raw", "dataset": "v1"}), "models/forest/v1/Raw"),
        ("a/b", "models/forest/a%2Fb"),
        ("..", "models/forest/%2E."),
        ("50%", "models/forest/50%25"),
        ("a\nb\\c", "models/forest/a%0Ab%5Cc"),
    ],
)
def test_a_partition_is_a_path_that_nests_its_parts(partition: str | None, path: str) -> None:
    assert object_path(["models", "forest"], partition) == path
    check_key(path)


def test_different_partitions_never_share_a_path() -> None:
    parts = ["a/b", "a%2Fb", ".a", "%2Ea", "a", "%", "%25"]
    assert len({object_path(["x"], part) for part in parts}) == len(parts)
