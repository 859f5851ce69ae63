"""AOIs are kept under their id, read within the limits of today, and deleted."""

from __future__ import annotations

import pytest

from imagery.aoi import Aoi, AoiLimits, AoiTooLargeError, LonLatBox
from resources.aois import UnknownAoi, delete_aoi, keep_aoi, read_aoi
from resources.object_store import FolderStore

AOI = Aoi.from_bbox(LonLatBox(31.0, -18.0, 31.1, -17.9))


def test_an_aoi_is_read_as_it_was_kept_until_it_is_deleted(store: FolderStore) -> None:
    keep_aoi(store, AOI)
    assert read_aoi(store, AOI.id, AoiLimits()).id == AOI.id
    delete_aoi(store, AOI.id)
    delete_aoi(store, AOI.id)
    with pytest.raises(UnknownAoi, match=AOI.id):
        read_aoi(store, AOI.id, AoiLimits())


def test_an_aoi_that_is_no_longer_served_is_refused(store: FolderStore) -> None:
    keep_aoi(store, AOI)
    with pytest.raises(AoiTooLargeError):
        read_aoi(store, AOI.id, AoiLimits(max_area_ha=1.0))
