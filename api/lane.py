"""The warm worker as the API sees it: who waits, and a warm model for inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resources.lanes.client import LaneHttp, token_of
from resources.lanes.protocol import LaneRefused, LaneStatus, LaneUnavailable

if TYPE_CHECKING:
    from resources.settings import Settings

__all__ = ["LaneClient", "LaneRefused", "LaneStatus", "LaneUnavailable"]


class LaneClient:
    """The lane's status and its model, over HTTP. Safe for threads."""

    def __init__(self, url: str, token: str) -> None:
        self._lane = LaneHttp(url, lambda: token)

    @classmethod
    def of(cls, settings: Settings) -> LaneClient:
        """Return the client of an installation; nothing is reached yet."""
        return cls(settings.lane_url, token_of(settings))

    def status(self) -> LaneStatus | None:
        """Return the lane as it is; None when it is down or refuses, which is no fault of the request."""
        try:
            return self._lane.status()
        except (LaneUnavailable, LaneRefused):
            return None

    def infer(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the warm model's answer to a payload.

        Raises:
            LaneUnavailable: the lane is down or does not answer in time.
            LaneRefused: it answers with an error; `status` and `reason` (a stable code) tell which.

        """
        answer: dict[str, Any] = self._lane.infer(payload)
        return answer
