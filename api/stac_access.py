"""Who sees which crop maps in STAC: administrators all, others those they asked for, the public none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from api.db.tables import Prediction, User
from api.db.users import ADMIN
from imagery.aoi import partition_key

if TYPE_CHECKING:
    from api.services import Services


def visible_partitions(services: Services, user: User | None) -> set[str] | None:
    """Return the partitions whose maps a visitor may see; None: every one."""
    if user is None:
        return set()
    if user.role == ADMIN:
        return None
    asked = select(Prediction.aoi_id, Prediction.season).where(Prediction.user_id == user.id).distinct()
    with services.database.read() as session:
        return {partition_key(aoi_id, season) for aoi_id, season in session.execute(asked)}
