"""Numbers for Prometheus: requests as they pass; jobs, queue and lane as they are when somebody scrapes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from api.db.tables import Job, now

if TYPE_CHECKING:
    from starlette.types import Scope

    from api.services import Services

log = logging.getLogger(__name__)

STATES = ("queued", "running", "ready", "failed", "cancelled")
REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MAP_BUCKETS = (1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
#: Jobs whose end is written later than another's that ended after it are still seen: looked for again this long.
LATE = timedelta(seconds=60)
#: What requests to no route are counted under: strangers must not be able to make time series.
NO_ROUTE = "(none)"


class Metrics:
    """The numbers of one app."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "geocrop_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "geocrop_http_request_seconds",
            "Time to the first byte of the answer.",
            ("method", "route"),
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def watch(self, services: Services) -> None:
        """Add what the platform's services say when asked."""
        self.registry.register(_Gauges(services))
        self.registry.register(_MapTimes(services))

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one answer."""
        route = getattr(scope.get("route"), "path", NO_ROUTE)
        method = scope["method"] if route != NO_ROUTE else "ANY"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def scrape(self) -> tuple[bytes, str]:
        """Return all numbers in Prometheus' text form, and that form's media type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST


class _Gauges(Collector):
    """Jobs by state, the queue and the lane, asked at scrape. What cannot be asked is left out, not told as 0."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> list[Metric]:
        return []  # or registering would ask the services

    def collect(self) -> Iterator[Metric]:
        counts = self._counts()
        if counts is not None:
            jobs = GaugeMetricFamily("geocrop_jobs", "Jobs by state.", labels=("state",))
            for state in STATES:
                jobs.add_metric((state,), counts.get(state, 0))
            yield jobs
            yield GaugeMetricFamily("geocrop_queue_length", "Jobs that wait to start.", counts.get("queued", 0))
        lane = self._services.lane.status()
        yield GaugeMetricFamily("geocrop_lane_up", "1 while the warm worker answers.", int(lane is not None))
        if lane is not None:
            yield GaugeMetricFamily("geocrop_lane_busy", "Slots of the warm worker at work.", lane.busy)
            yield GaugeMetricFamily("geocrop_lane_slots", "Slots of the warm worker.", lane.slots)
            yield GaugeMetricFamily("geocrop_lane_queue_length", "Runs that wait for a slot.", len(lane.queue))

    def _counts(self) -> dict[str, int] | None:
        try:
            with self._services.database.read() as session:
                rows = session.execute(select(Job.state, func.count()).group_by(Job.state)).all()
        except SQLAlchemyError as error:
            log.warning("no numbers of jobs: %s", error)
            return None
        return {str(state): int(count) for state, count in rows}


class _MapTimes(Collector):
    """Seconds from request to map, of maps made since this process started.

    Read from the database at scrape: whichever process followed the job, it is counted.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._histogram = Histogram(
            "geocrop_map_seconds", "Seconds from a request to its map.", buckets=MAP_BUCKETS, registry=None
        )
        self._since = now()
        self._seen: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def describe(self) -> list[Metric]:
        return list(self._histogram.describe())

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            try:
                self._read()
            except SQLAlchemyError as error:
                log.warning("no times of maps: %s", error)
        yield from self._histogram.collect()

    def _read(self) -> None:
        newer = (Job.kind == "prediction") & (Job.state == "ready") & (Job.ended_at > self._since)
        with self._services.database.read() as session:
            ended = session.execute(select(Job.id, Job.created_at, Job.ended_at).where(newer)).all()
        for job, created, end in ended:
            if job not in self._seen and end is not None:
                self._histogram.observe((end - created).total_seconds())
                self._seen[job] = end
        self._since = max(self._since, now() - LATE)
        self._seen = {job: end for job, end in self._seen.items() if end > self._since}
