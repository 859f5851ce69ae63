"""The platform's numbers in a form for pages: the same that Prometheus scrapes, without its text form.

`/metrics` is closed at the ingress, for it names all routes. What is told here names nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from api.models.workflow import Histogram, HistogramBucket, Numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client.core import Metric
    from prometheus_client.samples import Sample


def read_numbers(families: Iterable[Metric]) -> Numbers:
    """Return what families of metrics say; None where nobody could be asked."""
    samples: dict[str, list[Sample]] = {}
    for family in families:
        for sample in family.samples:
            samples.setdefault(sample.name, []).append(sample)
    jobs = {one.labels["state"]: int(one.value) for one in samples.get("geocrop_jobs", ())}
    statuses: Counter[str] = Counter()
    for one in samples.get("geocrop_http_requests_total", ()):
        statuses[f"{one.labels['status'][:1]}xx"] += int(one.value)
    return Numbers(
        started_at=_single(samples, "process_start_time_seconds"),
        memory_bytes=_single(samples, "process_resident_memory_bytes"),
        cpu_seconds=_single(samples, "process_cpu_seconds_total"),
        jobs=jobs or None,
        lane_slots=_single(samples, "geocrop_lane_slots"),
        lane_busy=_single(samples, "geocrop_lane_busy"),
        lane_queue=_single(samples, "geocrop_lane_queue_length"),
        requests=dict(sorted(statuses.items())),
        request_seconds=_histogram(samples, "geocrop_http_request_seconds"),
        map_seconds=_histogram(samples, "geocrop_map_seconds"),
    )


def _single(samples: Mapping[str, list[Sample]], name: str) -> float | None:
    found = samples.get(name)
    return found[0].value if found else None


def _histogram(samples: Mapping[str, list[Sample]], name: str) -> Histogram:
    """Return a histogram, summed over its labels, with counts of each bucket alone."""
    total: dict[float, float] = {}
    for one in samples.get(f"{name}_bucket", ()):
        bound = float(one.labels["le"])
        total[bound] = total.get(bound, 0.0) + one.value
    return Histogram(
        count=int(sum(one.value for one in samples.get(f"{name}_count", ()))),
        seconds=sum(one.value for one in samples.get(f"{name}_sum", ())),
        buckets=list(_apart(total)),
    )


def _apart(cumulative: Mapping[float, float]) -> Iterator[HistogramBucket]:
    below = 0.0
    for bound, value in sorted(cumulative.items()):
        yield HistogramBucket(up_to=None if bound == float("inf") else bound, count=int(value - below))
        below = value
