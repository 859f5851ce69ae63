"""Readers: a fault of one is told and hides nothing of the others."""

from __future__ import annotations

import threading
import urllib.request

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import Metric

from resources.exporter.readers import Reader, Readings, gauge

LONG_S = 3600.0


def fails() -> list[Metric]:
    raise ConnectionError("nobody is there")


def scraped(readings: Readings) -> str:
    registry = CollectorRegistry()
    registry.register(readings)
    return generate_latest(registry).decode()


def test_what_cannot_be_read_is_left_out_and_told() -> None:
    readers = [Reader("store", LONG_S, fails), Reader("runs", LONG_S, lambda: [gauge("some_runs", "Runs.", 3)])]
    for one in readers:
        one.look()
    told = scraped(Readings(readers))
    assert 'geocrop_exporter_up{reader="store"} 0.0' in told
    assert 'geocrop_exporter_up{reader="runs"} 1.0' in told
    assert "some_runs 3.0" in told


def test_what_was_seen_before_a_fault_is_forgotten() -> None:
    answers = iter([[gauge("some_bytes", "Bytes.", 7)]])
    reader = Reader("store", LONG_S, lambda: next(answers))
    reader.look()
    assert "some_bytes 7.0" in scraped(Readings([reader]))
    reader.look()
    assert "some_bytes" not in scraped(Readings([reader]))


def test_before_the_first_look_nothing_is_told_of_a_reader() -> None:
    assert 'reader="' not in scraped(Readings([Reader("store", LONG_S, fails)]))


def test_a_scrape_does_not_wait_for_a_service_that_hangs() -> None:
    hangs, looked = threading.Event(), threading.Event()

    def answers() -> list[Metric]:
        looked.set()
        return [gauge("some_runs", "Runs.", 1)]

    def waits() -> list[Metric]:
        hangs.wait()
        return []

    readings = Readings([Reader("store", LONG_S, waits), Reader("runs", LONG_S, answers)])
    registry = CollectorRegistry()
    registry.register(readings)
    server, _ = start_http_server(0, "127.0.0.1", registry)
    readings.start()
    try:
        assert looked.wait(60)
        address = f"http://127.0.0.1:{server.server_port}/metrics"
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert b'reader="store"' not in answer.read()
    finally:
        hangs.set()
        readings.stop()
        server.shutdown()
        server.server_close()
