"""Administrators manage users, and read who did what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.db import audit
from api.db.tables import AuditEntry, User
from api.db.users import LastAdmin, UserExists, UserNotFound, add_user, get_user, list_users, set_disabled, set_password
from api.deps import AdminUser, PageDep, ServicesDep
from api.errors import Forbidden, NotAuthenticated, responses
from api.models.common import Page
from api.models.users import AuditView, NewUser, UserChange, UserView
from api.security import hash_password

router = APIRouter(prefix="/admin", tags=["admin"], responses=responses(NotAuthenticated, Forbidden))

Name = Annotated[str, Path(max_length=64, description="A user's name.", examples=["ada"])]


@router.get("/users")
def list_all(_admin: AdminUser, services: ServicesDep, page: PageDep) -> Page[UserView]:
    """List users by name."""
    with services.database.read() as session:
        found, total = list_users(session, page.limit, page.offset)
    return Page[UserView](items=[_view(user) for user in found], total=total, limit=page.limit, offset=page.offset)


@router.post("/users", status_code=201, responses=responses(UserExists))
def add(admin: AdminUser, new: NewUser, services: ServicesDep) -> UserView:
    """Add a user."""
    password_hash = hash_password(new.password.get_secret_value())  # before the transaction: it takes its time
    with services.database.write() as session:
        user = add_user(session, name=new.name, password_hash=password_hash, role=new.role, job_limit=new.job_limit)
        audit.record(session, admin.name, "user.add", user.name, {"role": user.role, "job_limit": user.job_limit})
    return _view(user)


@router.patch("/users/{name}", responses=responses(UserNotFound, LastAdmin))
def change(admin: AdminUser, name: Name, change: UserChange, services: ServicesDep) -> UserView:
    """Disable or enable a user, set the limit of jobs, or reset the password; what is left out stays as it is."""
    password_hash = hash_password(change.password.get_secret_value()) if change.password else None
    with services.database.write() as session:
        user = get_user(session, name)
        if "disabled" in change.model_fields_set and change.disabled != user.disabled:
            set_disabled(session, user, change.disabled)
            audit.record(session, admin.name, "user.disable" if change.disabled else "user.enable", user.name)
        if "job_limit" in change.model_fields_set and change.job_limit != user.job_limit:
            details = {"from": user.job_limit, "to": change.job_limit}
            user.job_limit = change.job_limit
            audit.record(session, admin.name, "user.limit", user.name, details)
        if password_hash is not None:
            set_password(user, password_hash)
            audit.record(session, admin.name, "user.password", user.name)
    return _view(user)


@router.get("/audit")
def list_acts(_admin: AdminUser, services: ServicesDep, page: PageDep) -> Page[AuditView]:
    """List what administrators did, the newest first."""
    with services.database.read() as session:
        found, total = audit.newest(session, page.limit, page.offset)
    return Page[AuditView](items=[_act(entry) for entry in found], total=total, limit=page.limit, offset=page.offset)


def _view(user: User) -> UserView:
    return UserView.model_validate(user)


def _act(entry: AuditEntry) -> AuditView:
    return AuditView.model_validate(entry)
