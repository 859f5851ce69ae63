"""Forms of the platform's events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class EventView(BaseModel):
    """One thing that happened."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(examples=[42])
    at: datetime
    type: str = Field(examples=["training_finished"])
    data: dict[str, Any] = Field(examples=[{"model_version": 7, "macro_f1": 0.81, "gate": "passed"}])


class EventsPage(BaseModel):
    """Events of the past, oldest first."""

    items: list[EventView]
    next: int | None = Field(description="Ask with `after` = this for more; null at the end.")


class StreamLink(BaseModel):
    """An address that needs no header."""

    url: str = Field(examples=["https://.../events?user=ada&token=..."])
