"""Users and their login attempts."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import IntegrityError

from api.db.tables import LoginAttempt, User, now
from api.errors import Conflict, NotFound, TooManyLogins
from training.errors import GeocropError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session
    from sqlalchemy.sql.elements import ColumnElement

    from resources.settings import Settings

ADMIN = "admin"
RECRUITER = "recruiter"
ROLES = (ADMIN, RECRUITER)
NAME = re.compile(r"[a-z0-9._-]{3,64}")
MIN_PASSWORD = 12
MAX_PASSWORD = 256
#: Jobs a limit may allow at most: a number that every database's integer holds.
MAX_JOB_LIMIT = 1_000_000
#: Logins are counted one at a time on PostgreSQL (SQLite has one writer anyway): any number that no other lock uses.
_LOGIN_LOCK = 7_310_022


class InvalidUser(GeocropError):
    """Choose a name of 3 to 64 letters, digits, `.`, `_`, `-`, a password of 12 to 256 characters, and a known role."""

    code: ClassVar[str] = "invalid-user"


class LastAdmin(Conflict):
    """Add another administrator first: without one, nobody could undo this."""

    code: ClassVar[str] = "last-admin"


class UserExists(Conflict):
    """Choose another name: this one is taken, also when its account is disabled."""

    code: ClassVar[str] = "user-exists"


class UserNotFound(NotFound):
    """Check the name: GET /admin/users and `geocrop users list` give those that there are."""

    code: ClassVar[str] = "user-not-found"


def normal_name(name: str) -> str:
    """Return a user's name in lower case.

    Raises:
        InvalidUser: it is no name.

    """
    lowered = name.strip().lower()
    if not NAME.fullmatch(lowered):
        raise InvalidUser("A name has 3 to 64 of: letters a to z, digits, dot, underscore, hyphen.")
    return lowered


def check_password(password: str) -> None:
    """Raise InvalidUser for a password that is too short or too long."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidUser(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")


def check_role(role: str) -> None:
    """Raise InvalidUser for a role that there is not."""
    if role not in ROLES:
        raise InvalidUser(f"A role is one of: {', '.join(ROLES)}.")


def read_limit(given: str) -> int | None:
    """Return a limit of jobs from text: a number, or None for `role`.

    Raises:
        InvalidUser: it is neither.

    """
    if given == "role":
        return None
    if not given.isdecimal() or int(given) > MAX_JOB_LIMIT:
        raise InvalidUser(f"A limit is a number of jobs from 0 to {MAX_JOB_LIMIT}, or `role`.")
    return int(given)


def find_user(session: Session, name: str) -> User | None:
    """Return the user of a name, disabled or not; None for what cannot be a name, without asking."""
    lowered = name.strip().lower()
    return session.scalar(select(User).where(User.name == lowered)) if NAME.fullmatch(lowered) else None


def get_user(session: Session, name: str) -> User:
    """Return the user of a name; UserNotFound without one."""
    user = find_user(session, name)
    if user is None:
        raise UserNotFound("There is no user of this name.")
    return user


def list_users(session: Session, limit: int | None, offset: int = 0) -> tuple[Sequence[User], int]:
    """Return a page of users by name (all of them without a limit), and how many there are."""
    found = session.scalars(select(User).order_by(User.name).limit(limit).offset(offset)).all()
    return found, session.scalar(select(func.count()).select_from(User)) or 0


def add_user(session: Session, *, name: str, password_hash: str, role: str, job_limit: int | None = None) -> User:
    """Add a user and return it.

    Raises:
        InvalidUser: a name or role that cannot be.
        UserExists: the name is taken.

    """
    name = normal_name(name)
    check_role(role)
    if find_user(session, name) is not None:
        raise UserExists(f"There is a user {name} already.")
    user = User(name=name, password_hash=password_hash, role=role, job_limit=job_limit)
    session.add(user)
    try:
        session.flush()
    except IntegrityError as error:  # another request added it since
        raise UserExists(f"There is a user {name} already.") from error
    return user


def set_disabled(session: Session, user: User, disabled: bool) -> None:
    """Disable or enable an account; its tokens end at once and for good.

    Raises:
        LastAdmin: nobody would be left to enable it again.

    """
    if disabled and user.role == ADMIN and not user.disabled and _enabled_admins(session) == 1:
        raise LastAdmin(f"{user.name} is the only administrator.")
    user.disabled = disabled
    user.tokens_valid_after = now()


def set_password(user: User, password_hash: str) -> None:
    """Give an account another password; its tokens end."""
    user.password_hash = password_hash
    user.tokens_valid_after = now()


def _enabled_admins(session: Session) -> int:
    # Locked (PostgreSQL): two administrators who disable each other at once must not both succeed.
    enabled = select(User.id).where(User.role == ADMIN, User.disabled.is_(False)).with_for_update()
    return len(session.scalars(enabled).all())


def begin_attempt(session: Session, name: str, address: str, settings: Settings) -> int:
    """Note a login attempt before its password is looked at, and return its id: it counts as failed until forgotten.

    Noted first, so that a thousand attempts at once cannot all pass before the first is counted.

    Raises:
        TooManyLogins: the account or the address has failed too often.

    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOGIN_LOCK})
    pause = timedelta(minutes=settings.login_pause_minutes)
    since = now() - pause
    session.execute(delete(LoginAttempt).where(LoginAttempt.at <= since))
    account, address = _account_key(name), address[:64]
    for column in (LoginAttempt.account == account, LoginAttempt.address == address):
        _refuse_too_many(session, column, settings.login_attempts, pause)
    attempt = LoginAttempt(account=account, address=address)
    session.add(attempt)
    session.flush()
    return attempt.id


def _refuse_too_many(session: Session, column: ColumnElement[bool], allowed: int, pause: timedelta) -> None:
    newest = select(LoginAttempt.at).where(column).order_by(LoginAttempt.at.desc()).limit(allowed)
    times: Sequence[datetime] = session.scalars(newest).all()
    if len(times) < allowed:
        return
    wait = max(1, round((times[-1] + pause - now()).total_seconds()))
    raise TooManyLogins("Too many failed logins.", headers={"Retry-After": str(wait)})


def _account_key(name: str) -> str:
    """Return what attempts are counted under: the account, or a hash of what no account can be called."""
    lowered = name.strip().lower()
    if NAME.fullmatch(lowered):
        return lowered
    return "?" + hashlib.sha256(lowered.encode(errors="replace")).hexdigest()[:40]


def forget_attempts(session: Session, name: str, attempt: int) -> None:
    """Forget the failures of an account that has now logged in. Its address keeps those of other accounts."""
    account = _account_key(name)
    session.execute(delete(LoginAttempt).where((LoginAttempt.account == account) | (LoginAttempt.id == attempt)))
