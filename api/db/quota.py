"""How many jobs a user may start, counted in the transaction that creates the job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from api.db.tables import User
from api.db.users import ADMIN
from api.errors import QuotaExceeded

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from resources.settings import Settings


@dataclass(frozen=True)
class Quota:
    """What a user may start: `limit` None is any number."""

    limit: int | None
    started: int

    @property
    def left(self) -> int | None:
        """How many more jobs may be started; None is any number."""
        return None if self.limit is None else max(self.limit - self.started, 0)


def quota_of(user: User, settings: Settings) -> Quota:
    """Return a user's quota as its row says: the limit of its own, or the role's."""
    return Quota(_limit(user, settings), user.jobs_started)


def read(session: Session, user: User, settings: Settings) -> Quota:
    """Return a user's quota as it is now."""
    fresh = select(User).where(User.id == user.id).execution_options(populate_existing=True)
    return quota_of(session.scalars(fresh).one(), settings)


def spend(session: Session, user: User, settings: Settings) -> bool:
    """Count one job of a user in the caller's transaction; tell whether it costs anything.

    The condition is in the UPDATE itself: of any number of requests at once, no more than the limit pass.

    Raises:
        QuotaExceeded: none is left.

    """
    if _limit(user, settings) is None:
        return False
    limit = func.coalesce(User.job_limit, role_limit(user.role, settings))  # the row's own, as it is now
    counted = session.execute(
        update(User)
        .where(User.id == user.id, User.jobs_started < limit)
        .values(jobs_started=User.jobs_started + 1)
        .execution_options(synchronize_session=False)
    )
    if counted.rowcount != 1:  # type: ignore[attr-defined]
        quota = read(session, user, settings)
        raise QuotaExceeded(f"You have started {quota.started} of {quota.limit} jobs: {quota.left} are left.")
    return True


def role_limit(role: str, settings: Settings) -> int | None:
    """Return how many jobs a role may start; None is any number."""
    return None if role == ADMIN else settings.recruiter_jobs


def _limit(user: User, settings: Settings) -> int | None:
    return role_limit(user.role, settings) if user.job_limit is None else user.job_limit
