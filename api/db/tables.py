"""The API's tables. Alembic's migrations (`api/db/migrations`) make them; a test holds the two equal.

Times are UTC and aware. Ids that clients see are random or content hashes, never counters.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def now() -> datetime:
    """Return the current moment, aware, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment; SQLite keeps none of the zone, so it is written as UTC and given back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments; turn others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone: use api.db.tables.now()")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text from elsewhere, such as the reason of a failure: what no database keeps of it is replaced, not refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Put a question mark for half a surrogate pair and the replacement character for NUL."""
        return None if value is None else value.encode(errors="replace").decode().replace("\0", "\ufffd")


class Base(DeclarativeBase):
    """Declarative base with constraint names that migrations can rely on."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: JSON(none_as_null=True), str: String()}  # noqa: RUF012  # SQLAlchemy reads it


class User(Base):
    """Who may log in. `jobs_started` counts only jobs that cost quota and were not given back."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)  # lower case
    password_hash: Mapped[str] = mapped_column(String(256))  # Argon2id
    role: Mapped[str] = mapped_column(String(16))  # admin | recruiter
    disabled: Mapped[bool] = mapped_column(default=False)
    job_limit: Mapped[int | None]  # None: the role's
    jobs_started: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    tokens_valid_after: Mapped[datetime] = mapped_column(default=now)  # older tokens are refused


class LoginAttempt(Base):
    """A failed login, counted by account and by address for the length of the pause."""

    __tablename__ = "login_attempts"
    __table_args__ = (Index(None, "account", "at"), Index(None, "address", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    account: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))


class AoiRow(Base):
    """An AOI's geometry, once, whoever drew it. On PostGIS a generated column `geom` with a GiST index joins it."""

    __tablename__ = "aois"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)  # imagery.aoi.Aoi.id
    geometry: Mapped[dict[str, Any]]  # normalised GeoJSON, EPSG:4326
    area_ha: Mapped[float]
    west: Mapped[float]
    south: Mapped[float]
    east: Mapped[float]
    north: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(default=now)


class AoiOwner(Base):
    """Who drew an AOI: a user sees the AOIs of their own only."""

    __tablename__ = "aoi_owners"
    __table_args__ = (Index(None, "user_id"),)

    aoi_id: Mapped[str] = mapped_column(ForeignKey("aois.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Job(Base):
    """One piece of work that Dagster does: the map of a partition, a training, a promotion.

    `active_key` is unique while the job is in flight and None afterwards: single flight is a constraint of the
    database. `run_id` is the newest run's; runs carry the tag `geocrop/job` = id, so none is ever an orphan.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index(None, "kind", "partition"),
        Index(None, "state"),
        Index(None, "run_id"),
        Index(None, "created_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)  # uuid4().hex
    kind: Mapped[str] = mapped_column(String(16))  # prediction | training | promotion
    partition: Mapped[str | None] = mapped_column(String(255))  # of crop_map, or of candidate_model
    active_key: Mapped[str | None] = mapped_column(String(255), unique=True)
    request: Mapped[dict[str, Any]]  # what was asked for, as the kind needs it
    state: Mapped[str] = mapped_column(String(16))  # queued | running | ready | failed | cancelled
    lane: Mapped[str] = mapped_column(String(16))  # interactive | batch
    position: Mapped[int | None]  # in the lane's queue, from 1
    progress: Mapped[float] = mapped_column(default=0.0)  # percent
    step: Mapped[str | None] = mapped_column(Words())
    reason: Mapped[str | None] = mapped_column(Words())  # why it failed or waits, in words
    reason_code: Mapped[str | None] = mapped_column(String(64))
    run_id: Mapped[str | None] = mapped_column(String(64))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))  # who started it and whose quota it costs
    counted: Mapped[bool] = mapped_column(default=False)  # costs quota now; False again once given back
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    result: Mapped[dict[str, Any] | None]  # of a ready job: what the pointer in the store says
    launch_tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Prediction(Base):
    """One user's request for the map of an AOI and season; several may share a job, none sees the others."""

    __tablename__ = "predictions"
    __table_args__ = (
        Index(None, "user_id", "created_at"),
        Index(None, "job_id"),
        Index(None, "aoi_id"),
        UniqueConstraint("user_id", "job_id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)  # uuid4().hex
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    aoi_id: Mapped[str] = mapped_column(ForeignKey("aois.id"))
    season: Mapped[str] = mapped_column(String(32))
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    job: Mapped[Job] = relationship(lazy="joined")
    aoi: Mapped[AoiRow] = relationship(lazy="joined")


class Event(Base):
    """What streams show, in order of id. Topic `job:<id>`, or `platform` for administrators.

    Written in the transaction of the change that it tells (an outbox), by `api.db.events.append` only: on PostgreSQL
    it takes a lock, so that ids become visible in order and a reader that resumes misses none.
    """

    __tablename__ = "events"
    __table_args__ = (Index(None, "topic", "id"), Index(None, "at"), {"sqlite_autoincrement": True})

    # SQLite counts by itself in columns of the type INTEGER only, which holds 64 bits there.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    topic: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(32))
    key: Mapped[str | None] = mapped_column(String(128), unique=True)  # tells a thing once, however often it is seen
    data: Mapped[dict[str, Any]]


class AuditEntry(Base):
    """Who did what through the API."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(255))
    details: Mapped[dict[str, Any]]


class TrainingSchedule(Base):
    """A training that starts by the clock: every so many minutes, or by a cron line in UTC."""

    __tablename__ = "training_schedules"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    dataset_version: Mapped[str] = mapped_column(String(128))
    model_variant: Mapped[str] = mapped_column(String(16))
    minutes: Mapped[int | None]
    cron: Mapped[str | None] = mapped_column(String(120))
    hyperparameters: Mapped[dict[str, Any]]
    next_at: Mapped[datetime]
    last_job_id: Mapped[str | None] = mapped_column(String(32))
    last_problem: Mapped[str | None] = mapped_column(Words())
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)


class ModelWatch(Base):
    """An alert when the champion is older than so many minutes; told once a champion."""

    __tablename__ = "model_watches"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    minutes: Mapped[int]
    last_told_version: Mapped[int | None]
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Cursor(Base):
    """How far the follower has read something, so that a restart goes on where it stopped."""

    __tablename__ = "cursors"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text())
