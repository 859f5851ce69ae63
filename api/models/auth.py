"""Forms of logging in."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

Role = Literal["admin", "recruiter"]


class TokenAnswer(BaseModel):
    """A token and how long it is good for."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiIs..."])
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # the kind's name, as OAuth2 wants it
    expires_in: int = Field(description="Seconds.", examples=[3600])


class Me(BaseModel):
    """Who is logged in."""

    name: str = Field(examples=["ada"])
    role: Role
    created_at: datetime
    job_limit: int | None = Field(description="Jobs that may be started; null: any number.", examples=[5])
    max_aoi_ha: float = Field(description="Largest AOI in hectares.", examples=[10000.0])
