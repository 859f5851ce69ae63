"""Readers: each looks at one service in a thread of its own, and a scrape shows what it saw last.

A scrape never waits for a service. What could not be read is left out, not told as 0: `geocrop_exporter_up` says which
reader is blind.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

log = logging.getLogger("geocrop.exporter")

JOIN_S = 5.0


def gauge(name: str, help: str, value: float) -> Metric:
    """Return a gauge of one value."""
    return GaugeMetricFamily(name, help, value)


def gauges(name: str, help: str, labels: Sequence[str], values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    """Return a gauge of many values, each with its labels' texts."""
    family = GaugeMetricFamily(name, help, labels=labels)
    for texts, value in values:
        family.add_metric(texts, value)
    return family


@dataclass
class Reader:
    """One service: how it is read, how often, and what was seen last. `read` is called by one thread at a time."""

    name: str
    every_s: float
    read: Callable[[], list[Metric]]
    seen: list[Metric] = field(default_factory=list)
    up: bool = False
    read_at: float | None = None  # seconds since the epoch
    took_s: float = 0.0

    def look(self) -> None:
        """Read once; a fault is told by `up`, and what was seen before it is forgotten."""
        begun = time.monotonic()
        try:
            seen, up = self.read(), True
        except Exception as error:  # whatever the service's library raises: the other readers go on
            log.warning("%s cannot be read: %s: %s", self.name, type(error).__name__, str(error).partition("\n")[0])
            seen, up = [], False
        self.took_s = time.monotonic() - begun
        self.seen, self.up, self.read_at = seen, up, time.time()


class Readings(Collector):
    """All readers, as one collector. Safe for threads: what was seen is replaced as a whole."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self.readers = tuple(readers)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to read, each reader in a thread."""
        for reader in self.readers:
            thread = threading.Thread(target=self._keep, args=(reader,), name=f"read-{reader.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End; a reader that hangs in its service is left behind."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(JOIN_S)

    def _keep(self, reader: Reader) -> None:
        while not self._stopping.is_set():
            reader.look()
            self._stopping.wait(reader.every_s)

    def describe(self) -> list[Metric]:
        """Return nothing: what there will be is known after a look only."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give what was seen last, and how the looks went."""
        begun = [one for one in self.readers if one.read_at is not None]
        yield gauges(
            "geocrop_exporter_up",
            "1 where the last look at a service succeeded.",
            ("reader",),
            [((one.name,), float(one.up)) for one in begun],
        )
        yield gauges(
            "geocrop_exporter_read_seconds",
            "How long the last look took.",
            ("reader",),
            [((one.name,), one.took_s) for one in begun],
        )
        yield gauges(
            "geocrop_exporter_read_timestamp_seconds",
            "When the last look ended.",
            ("reader",),
            [((one.name,), one.read_at or 0.0) for one in begun],
        )
        for reader in begun:
            yield from reader.seen
