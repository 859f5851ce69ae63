"""Who did what: an entry in the same transaction as the act, so that neither is there without the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from api.db.tables import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

SUBJECT_LENGTH = 255


def record(session: Session, actor: str, action: str, subject: str, details: Mapping[str, Any] | None = None) -> None:
    """Note an act in the session's transaction.

    Args:
        session: A session that writes; the act's own.
        actor: Name of the user, or `command-line`.
        action: What was done, as `user.add` or `model.promote`.
        subject: To what.
        details: What more the reader needs; JSON, no secrets.

    """
    session.add(AuditEntry(actor=actor, action=action, subject=subject[:SUBJECT_LENGTH], details=dict(details or {})))


def newest(session: Session, limit: int, offset: int) -> tuple[Sequence[AuditEntry], int]:
    """Return a page of acts, the newest first, and how many there are."""
    page = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit).offset(offset)
    return session.scalars(page).all(), session.scalar(select(func.count()).select_from(AuditEntry)) or 0
