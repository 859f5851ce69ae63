"""AOIs and who drew them. A geometry is one row, whoever drew it; users see those of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import defer

from api.db.jobs import IN_FLIGHT
from api.db.tables import AoiOwner, AoiRow, Job, Prediction, User, now
from api.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import ScalarSelect, Select
    from sqlalchemy.orm import Session

    from imagery.aoi import Aoi


class AoiInUse(Conflict):
    """Wait until the map is made, or cancel its prediction first; then delete the AOI."""

    code = "aoi-in-use"


@dataclass(frozen=True)
class KeptAoi:
    """An AOI as its user sees it."""

    row: AoiRow
    name: str | None
    created_at: datetime
    is_new: bool = False


def keep(session: Session, aoi: Aoi, user_id: int, name: str | None = None) -> KeptAoi:
    """Keep an AOI as a user's own; the same geometry is the same row. A name that is given replaces the former one.

    The row stays locked until the transaction ends (PostgreSQL), so that nobody forgets it meanwhile.
    """
    _upsert(session, aoi)
    row = session.scalars(select(AoiRow).where(AoiRow.id == aoi.id)).one()
    owner = session.get(AoiOwner, (aoi.id, user_id))
    is_new = owner is None
    if owner is None:
        owner = AoiOwner(aoi_id=aoi.id, user_id=user_id, name=name, created_at=now())
        session.add(owner)
    elif name is not None:
        owner.name = name
    session.flush()
    return KeptAoi(row, owner.name, owner.created_at, is_new)


def _upsert(session: Session, aoi: Aoi) -> None:
    """Insert the geometry, or lock the row that has it."""
    box = aoi.bbox
    values: dict[str, Any] = {
        "id": aoi.id,
        "geometry": aoi.to_geojson(),
        "area_ha": aoi.area_ha,
        "west": box.west,
        "south": box.south,
        "east": box.east,
        "north": box.north,
        "created_at": now(),
    }
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    added = dialect.insert(AoiRow).values(values)
    session.execute(added.on_conflict_do_update(index_elements=["id"], set_={"area_ha": added.excluded.area_ha}))


def find(session: Session, aoi_id: str, user_id: int | None) -> KeptAoi:
    """Return an AOI of a user; of anybody for None, who is an administrator.

    Raises:
        NotFound: there is none, or it is another's.

    """
    found = session.execute(_owned(user_id).where(AoiRow.id == aoi_id).limit(1)).one_or_none()
    if found is None:
        raise NotFound(f"There is no AOI {aoi_id} of yours.")
    row, owner = found
    return _kept(row, owner)


def page(session: Session, user_id: int | None, limit: int, offset: int) -> tuple[list[KeptAoi], int]:
    """Return some of a user's AOIs (None: everybody's), newest first, without geometries; and how many there are."""
    wanted = _owned(user_id).options(defer(AoiRow.geometry))
    if user_id is None:
        counted, newest = select(func.count()).select_from(AoiRow), AoiRow.created_at
    else:
        counted = select(func.count()).select_from(AoiOwner).where(AoiOwner.user_id == user_id)
        newest = AoiOwner.created_at
    rows = session.execute(wanted.order_by(newest.desc(), AoiRow.id).limit(limit).offset(offset))
    return [_kept(row, owner) for row, owner in rows], session.scalar(counted) or 0


def owners(session: Session, aoi_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the names of who drew each AOI, for administrators."""
    rows = select(AoiOwner.aoi_id, User.name).join(User, User.id == AoiOwner.user_id)
    found: dict[str, list[str]] = {}
    for aoi_id, name in session.execute(rows.where(AoiOwner.aoi_id.in_(list(aoi_ids))).order_by(User.name)):
        found.setdefault(aoi_id, []).append(name)
    return found


def forget(session: Session, aoi_id: str, user_id: int) -> None:
    """Forget that a user drew an AOI, and that user's predictions of it; the AOI itself with its last owner.

    Maps that were made stay in the object store, where another user's same AOI finds them.

    Raises:
        NotFound: it is not this user's.
        AoiInUse: a prediction of this user is in flight there.

    """
    lock(session, aoi_id)
    owner = session.get(AoiOwner, (aoi_id, user_id))
    if owner is None:
        raise NotFound(f"There is no AOI {aoi_id} of yours.")
    _check_idle(session, aoi_id, user_id)
    session.execute(delete(Prediction).where(Prediction.aoi_id == aoi_id, Prediction.user_id == user_id))
    session.delete(owner)
    session.flush()
    drop_unused(session, aoi_id)


def lock(session: Session, aoi_id: str) -> bool:
    """Lock an AOI's row until the transaction ends (PostgreSQL); False when it is not there.

    Whoever starts, cancels or forgets something about an AOI does this first, so that they take turns.
    """
    found = select(AoiRow.id).where(AoiRow.id == aoi_id).with_for_update()
    return session.scalar(found) is not None


def drop_unused(session: Session, aoi_id: str) -> None:
    """Drop a geometry that no user and no prediction needs any more."""
    used = (exists().where(AoiOwner.aoi_id == AoiRow.id), exists().where(Prediction.aoi_id == AoiRow.id))
    session.execute(
        delete(AoiRow).where(AoiRow.id == aoi_id, ~used[0], ~used[1]).execution_options(synchronize_session=False)
    )


def _check_idle(session: Session, aoi_id: str, user_id: int) -> None:
    busy = select(Prediction.id, Prediction.season, Job.state).join(Job, Job.id == Prediction.job_id)
    busy = busy.where(Prediction.aoi_id == aoi_id, Prediction.user_id == user_id, Job.state.in_(IN_FLIGHT))
    found = session.execute(busy.limit(1)).one_or_none()
    if found is not None:
        raise AoiInUse(
            f"The map of season {found.season} is {found.state} (prediction {found.id}):"
            " an AOI cannot be deleted while its map is made."
        )


def _owned(user_id: int | None) -> Select[AoiRow, AoiOwner]:
    """Select AOIs with one owner each: the user, or for None whoever drew it first."""
    if user_id is not None:
        return select(AoiRow, AoiOwner).join(AoiOwner, AoiOwner.aoi_id == AoiRow.id).where(AoiOwner.user_id == user_id)
    return select(AoiRow, AoiOwner).join(
        AoiOwner, (AoiOwner.aoi_id == AoiRow.id) & (AoiOwner.user_id == _first_owner()), isouter=True
    )


def _first_owner() -> ScalarSelect[int]:
    return select(func.min(AoiOwner.user_id)).where(AoiOwner.aoi_id == AoiRow.id).correlate(AoiRow).scalar_subquery()


def _kept(row: AoiRow, owner: AoiOwner | None) -> KeptAoi:
    if owner is None:  # only predictions are left, of users who forgot the AOI or lost it
        return KeptAoi(row, None, row.created_at)
    return KeptAoi(row, owner.name, owner.created_at)
