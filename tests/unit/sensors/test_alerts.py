"""Alerts say what failed, and tell a verdict from a fault."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest
import requests

from sensors.alerts import MAX_MESSAGE_LENGTH, describe_failure, post_alert


class _Hook(http.server.BaseHTTPRequestHandler):
    status: ClassVar[int] = 200
    got: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        self.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def hook() -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    _Hook.got.clear()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_refused_candidate_is_a_verdict_and_not_a_fault() -> None:
    alert = describe_failure(
        job="train_models", run_id="r", error="asset check beats_champion failed", tags={"dagster/partition": "v1|Raw"}
    )
    assert alert.kind == "gate-refused"
    assert alert.title == "Candidate for v1|Raw was refused by the gate"


def test_a_fault_names_job_and_partition_and_keeps_the_message_short() -> None:
    alert = describe_failure(
        job="draw_crop_map", run_id="r", error="x" * 9999, tags={"dagster/partition": "a1--2023-2024"}
    )
    assert alert.kind == "run-failed"
    assert alert.title == "draw_crop_map failed for a1--2023-2024"
    assert len(alert.message) == MAX_MESSAGE_LENGTH


def test_a_webhook_gets_the_alert_as_json(hook: str) -> None:
    post_alert(describe_failure(job="j", run_id="r", error="e", tags={}), hook)
    assert _Hook.got[0]["run_id"] == "r"


def test_a_webhook_that_stays_down_is_tried_three_times_and_fails_the_tick(
    hook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Hook, "status", 500)
    with pytest.raises(requests.HTTPError):
        post_alert(describe_failure(job="j", run_id="r", error="e", tags={}), hook)
    assert len(_Hook.got) == 3
