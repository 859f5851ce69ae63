"""Forms of managing users, and of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from api.db.users import MAX_JOB_LIMIT, MAX_PASSWORD, MIN_PASSWORD
from api.models.auth import Role

Password = Annotated[SecretStr, Field(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD, examples=["correct horse 7"])]
UserName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[A-Za-z0-9._-]{3,64}$"),
    Field(description="3 to 64 of a-z, 0-9, dot, underscore, hyphen; kept in lower case.", examples=["ada"]),
]
JobLimit = Annotated[
    int | None, Field(ge=0, le=MAX_JOB_LIMIT, description="Jobs that may be started; null: the role's.", examples=[5])
]


class NewUser(BaseModel):
    """A user to add."""

    model_config = ConfigDict(extra="forbid")

    name: UserName
    password: Password
    role: Role
    job_limit: JobLimit = None


class UserChange(BaseModel):
    """What to change of a user; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"disabled": True}, {"job_limit": 10}, {"job_limit": None}]}
    )

    disabled: bool = Field(False, description="A disabled user's tokens end at once.")
    job_limit: JobLimit = None
    password: Password | None = Field(None, description="A new password; tokens of the old one end.")


class UserView(BaseModel):
    """A user, as administrators see them."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(examples=["ada"])
    role: Role
    disabled: bool
    job_limit: int | None = Field(description="Null: the role's.", examples=[None])
    jobs_started: int = Field(description="Jobs that count against the limit.", examples=[2])
    created_at: datetime


class AuditView(BaseModel):
    """Who did what."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    actor: str = Field(examples=["root"])
    action: str = Field(examples=["user.add"])
    subject: str = Field(examples=["ada"])
    details: dict[str, Any] = Field(examples=[{"role": "recruiter"}])
