"""The lane's HTTP interface, as launcher, coordinator and API call it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from resources.lanes.protocol import LaneGone, LaneRefused, LaneStatus, LaneUnavailable, RunPlace
from resources.secrets import secret_file

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from resources.settings import Settings

#: A lane that is there takes a connection at once; one that is not must not hold up a request.
CONNECT_S = 0.5
#: The answers are short, but a busy machine may take its time.
READ_S = 5.0
#: More than the warm worker itself gives the model.
INFER_S = 70.0
TOKEN_FILE = "lane.token"  # noqa: S105  # a name
BAD_REQUEST = 400


class LaneTokenMissing(LaneUnavailable):
    """Set GEOCROP_LANE_TOKEN for the warm worker and for all that call it: production makes no secret by itself."""

    code: ClassVar[str] = "lane-token-missing"


def token_of(settings: Settings) -> str:
    """Return the lane's bearer token; in development it is made once in the platform's home.

    Raises:
        LaneTokenMissing: in production, when none is set.

    """
    if settings.lane_token is not None:
        return settings.lane_token.get_secret_value()
    if settings.environment_kind == "production":
        raise LaneTokenMissing("no GEOCROP_LANE_TOKEN")
    return secret_file(settings.home / TOKEN_FILE)


class LaneHttp:
    """Calls the warm worker. Safe for threads."""

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._made: httpx.Client | None = None

    @classmethod
    def of(cls, settings: Settings) -> LaneHttp:
        """Return the client of an installation; nothing is sent."""
        return cls(settings.lane_url, partial(token_of, settings))

    def submit(self, run_id: str) -> RunPlace:
        """Hand a run over; a run that is there already stays where it is."""
        return RunPlace.from_json(self._ask("POST", "/runs", {"run_id": run_id}))

    def place(self, run_id: str) -> RunPlace:
        """Return where a run is."""
        return RunPlace.from_json(self._ask("GET", f"/runs/{run_id}"))

    def cancel(self, run_id: str) -> RunPlace:
        """Take a run out of the queue, or interrupt it."""
        return RunPlace.from_json(self._ask("DELETE", f"/runs/{run_id}"))

    def status(self) -> LaneStatus:
        """Return the lane as it is."""
        return LaneStatus.from_json(self._ask("GET", "/status"))

    def infer(self, payload: Any) -> Any:  # noqa: ANN401  # JSON
        """Pass JSON to the warm model and return what it says."""
        return self._ask("POST", "/inference", payload, read_s=INFER_S)

    def takes_runs(self) -> bool:
        """Tell whether the lane answers and can make a process warm."""
        try:
            return self.status().trouble is None
        except (LaneUnavailable, LaneRefused):
            return False

    def _client(self) -> httpx.Client:
        if self._made is None:
            import httpx

            self._made = httpx.Client(
                base_url=self._url,
                headers={"Authorization": f"Bearer {self._token()}"},
                trust_env=False,
                limits=httpx.Limits(max_keepalive_connections=0),  # to connect takes 0.1 ms, and none is left open
            )
        return self._made

    def _ask(self, method: str, path: str, body: Any = None, *, read_s: float = READ_S) -> Any:  # noqa: ANN401
        """Send a request.

        Raises:
            LaneGone: nothing listens there.
            LaneUnavailable: no answer in time.
            LaneRefused: an answer that is an error.

        """
        import httpx

        try:
            answer = self._client().request(method, path, json=body, timeout=httpx.Timeout(read_s, connect=CONNECT_S))
        except httpx.ConnectError as error:
            raise LaneGone(f"nothing listens at {self._url}") from error
        except httpx.HTTPError as error:
            raise LaneUnavailable(f"{self._url} does not answer: {type(error).__name__}") from error
        if answer.status_code >= BAD_REQUEST:
            raise _refusal(answer)
        return answer.json()


def _refusal(answer: httpx.Response) -> LaneRefused:
    try:
        said = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return LaneRefused(f"status {answer.status_code}", status=answer.status_code)
    return LaneRefused(said["message"], status=answer.status_code, reason=said["code"])
