"""Forms of health and status."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from api.status import Found

State = Literal["live", "degraded", "down"]
_WORST: tuple[State, ...] = ("live", "degraded", "down")
#: Without these nothing can be asked for; without another one the platform is degraded.
_ESSENTIAL = frozenset({"api", "database", "store"})


class Health(BaseModel):
    """All is well."""

    status: Literal["ok"]


class ServiceStatus(BaseModel):
    """How one service is."""

    name: str = Field(examples=["database"])
    state: State
    since: datetime = Field(description="When this process saw it enter this state.")
    reason: str | None = Field(description="Why it is not live.", examples=[None])
    details: dict[str, str] | None = Field(
        description="What more is known, such as a version or an error's words; for administrators only.",
        examples=[None],
    )


class StatusPage(BaseModel):
    """How the platform is."""

    state: State = Field(description="`down` without the API's database or the object store; else `degraded`.")
    services: list[ServiceStatus]

    @classmethod
    def of(cls, found: Sequence[Found], *, with_details: bool) -> Self:
        """Return the page of what probes found."""
        state: State = "live"
        for one in found:
            weight: State = one.state if one.name in _ESSENTIAL or one.state == "live" else "degraded"
            state = max(state, weight, key=_WORST.index)
        services = [
            ServiceStatus(
                name=one.name,
                state=one.state,
                since=one.since,
                reason=one.reason,
                details=dict(one.details) if with_details else None,
            )
            for one in found
        ]
        return cls(state=state, services=services)
