"""GraphQL over HTTP: one pooled client, short patience, typed errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import httpx

from api.errors import ServiceDown

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Patience with a question, in seconds; finding nobody at the address shows at once or never.
CONNECT_S, ANSWER_S = 2.0, 5.0
MAX_CONNECTIONS = 10
#: Below uvicorn's five seconds: a kept connection that the server is just closing would swallow a request.
KEEP_S = 2.0


class OrchestratorUnavailable(ServiceDown):
    """Start Dagster's webserver, or wait until its code location is loaded: it does not answer."""

    code: ClassVar[str] = "orchestrator-unavailable"


class AnswerLost(OrchestratorUnavailable):
    """Look whether the request took effect before asking again: it was sent, and no good answer came."""

    is_over = False
    """Whether the server has done with the request: whatever it did is there to be seen."""


class AnswerBad(AnswerLost):
    """Look whether the request took effect before asking again: the server failed on the way."""

    is_over = True


class GraphQL:
    """Asks one server; safe for threads."""

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        self.url = url.rstrip("/")
        self._client = client or httpx.Client(
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEP_S),
            trust_env=False,  # settings are read in one place; a proxy of the shell's is none for a neighbour
        )

    def ask(self, document: str, variables: Mapping[str, Any] | None = None, *, patience: float = ANSWER_S) -> Any:  # noqa: ANN401  # JSON
        """Return the `data` of an answer.

        Raises:
            OrchestratorUnavailable: nobody there, or no GraphQL. `AnswerLost` where the request may have taken effect.

        """
        body = {"query": document, "variables": dict(variables or {})}
        limits = httpx.Timeout(patience, connect=CONNECT_S)
        try:
            answer = self._client.post(f"{self.url}/graphql", json=body, timeout=limits)
            answer.raise_for_status()
            told = answer.json()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise OrchestratorUnavailable(f"Dagster does not answer at {self.url}: {error}") from error
        except (httpx.HTTPError, json.JSONDecodeError, UnicodeDecodeError) as error:
            raise AnswerLost(f"Dagster at {self.url} gave no answer: {type(error).__name__} {error}") from error
        if not isinstance(told, dict):
            raise AnswerLost(f"Dagster at {self.url} gave no answer of GraphQL")
        if told.get("errors") or told.get("data") is None:
            said = "; ".join(str(one.get("message")) for one in told.get("errors") or ())
            raise AnswerBad(f"Dagster at {self.url} could not answer: {said or 'no data'}")
        return told["data"]

    def close(self) -> None:
        """Close all connections."""
        self._client.close()
