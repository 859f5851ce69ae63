"""The events that streams show: an outbox, written in the transaction of the change that it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, text

from api.db.tables import Event

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

PLATFORM = "platform"
"""Topic of what administrators are told."""

FINAL_TYPES = frozenset({"ready", "failed", "cancelled"})
"""Job events after which no other follows."""

PRUNED_AT_ONCE = 1000
"""Events deleted in one transaction: others wait for it on SQLite."""

_ORDER_LOCK = 7_310_021  # an arbitrary number that no other advisory lock of this database uses


def job_topic(job_id: str) -> str:
    """Return the topic of one job's events."""
    return f"job:{job_id}"


def append(session: Session, topic: str, type: str, data: Mapping[str, Any], key: str | None = None) -> int | None:
    """Write an event in the caller's transaction and return its id; None where its key was told already.

    Append last in a transaction, after all rows are changed: on PostgreSQL this takes a lock that is held until the
    transaction ends, so that ids become visible in their order and whoever resumes after an id misses none. (SQLite
    has one writer at a time anyway.)
    """
    if session.get_bind().dialect.name == "postgresql":
        session.flush()  # rows first, the lock last: two transactions that mix the order could wait for each other
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ORDER_LOCK})
    if key is not None and session.scalar(select(Event.id).where(Event.key == key)) is not None:
        return None
    event = Event(topic=topic, type=type, data=dict(data), key=key)
    session.add(event)
    session.flush()
    return event.id


def prune(session: Session, before: datetime) -> int:
    """Delete what was told before a moment, the last event of every job left out; return how many.

    The last one stays, so that a stream of a job that ended long ago still ends. Keys that were told go with their
    events: the moment must be older than anything that could be told again, such as a day.
    """
    old = select(Event.id).where(Event.at < before, (Event.topic == PLATFORM) | Event.type.not_in(FINAL_TYPES))
    chosen = session.scalars(old.order_by(Event.at).limit(PRUNED_AT_ONCE)).all()
    if chosen:
        session.execute(delete(Event).where(Event.id.in_(chosen)).execution_options(synchronize_session=False))
    return len(chosen)


def after(session: Session, topic: str | None, event_id: int, limit: int) -> list[Event]:
    """Return at most `limit` events of a topic (None: of all) with an id above `event_id`, oldest first."""
    query = select(Event).where(Event.id > event_id).order_by(Event.id).limit(limit)
    return list(session.scalars(query if topic is None else query.where(Event.topic == topic)))


def newest_id(session: Session) -> int:
    """Return the id of the newest event; 0 before the first."""
    return session.scalar(select(func.max(Event.id))) or 0
