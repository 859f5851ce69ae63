"""`alert_on_run_failure`: a failed run is told to people, in words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sensors.tags import GATE_CHECK

MAX_MESSAGE_LENGTH = 2000
WEBHOOK_TIMEOUT_S = 10
#: Tries of a webhook that is busy or down, some 1 s apart: Dagster tells a failure to a sensor once and never again.
WEBHOOK_TRIES = 3
BUSY = (429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Alert:
    """One alert, as it is stored in the logs bucket and posted to the webhook."""

    kind: str  # "gate-refused" or "run-failed"
    title: str
    message: str
    job: str
    run_id: str
    partition: str | None
    moment: str  # ISO 8601, UTC

    def to_dict(self) -> dict[str, str | None]:
        """Return the alert as plain JSON."""
        return asdict(self)


def describe_failure(
    *, job: str, run_id: str, error: str, tags: Mapping[str, str], moment: datetime | None = None
) -> Alert:
    """Describe a failed run: a candidate refused by the gate is a verdict, all else is a fault."""
    partition = tags.get("dagster/partition")
    refused = GATE_CHECK in error
    where = f" for {partition}" if partition else ""
    return Alert(
        kind="gate-refused" if refused else "run-failed",
        title=f"Candidate{where} was refused by the gate" if refused else f"{job} failed{where}",
        message=error.strip()[:MAX_MESSAGE_LENGTH],
        job=job,
        run_id=run_id,
        partition=partition,
        moment=(moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H-%M-%SZ"),
    )


def post_alert(alert: Alert, url: str) -> None:
    """Post an alert to a webhook as JSON, three times at most where it is busy or down.

    Raises:
        requests.RequestException: when the webhook does not take it; the tick fails, the kept alert remains.

    """
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import Retry

    retry = Retry(
        WEBHOOK_TRIES - 1, backoff_factor=0.5, status_forcelist=BUSY, allowed_methods=None, raise_on_status=False
    )
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=retry))
        session.mount("https://", HTTPAdapter(max_retries=retry))
        session.post(url, json=alert.to_dict(), timeout=WEBHOOK_TIMEOUT_S).raise_for_status()
