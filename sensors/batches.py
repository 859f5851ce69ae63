"""`detect_new_batches`: uploads in the datasets bucket become dataset versions, each content once.

A version's content is the set of (key, ETag) below its folder. Its digest is in the run key, which Dagster deduplicates
for ever: restarts, a lost cursor, equal timestamps and repeated uploads of the same bytes cannot ask twice, and an
overwritten object is a new content. Listing by last-modified would miss equal timestamps, so the whole folder counts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from resources.layout import BATCH_SUFFIX, COMPLETE_NAME, SIDECAR_NAME
from resources.object_store import ObjectStat

#: Lower case, so that a version can be part of a Kubernetes label (at most 63 characters) and of a path.
VERSION_PATTERN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?")
#: Enough of a SHA-256 to never meet by chance among dataset versions.
DIGEST_LENGTH = 16


@dataclass(frozen=True)
class Seen:
    """What the cursor remembers of a version: its content, since when, and what was asked for."""

    digest: str
    since: float  # seconds since the epoch, by the sensor's own clock
    requested: str | None = None


@dataclass(frozen=True)
class VersionRequest:
    """A dataset version to materialize."""

    version: str
    digest: str
    batches: int

    @property
    def run_key(self) -> str:
        """Identify this content of this version, for ever."""
        return f"samples--{self.version}--{self.digest}"


@dataclass(frozen=True)
class BatchDecision:
    """What to do now, and what to remember."""

    requests: tuple[VersionRequest, ...]
    cursor: str
    waiting: tuple[str, ...] = ()
    ignored: tuple[str, ...] = field(default=())

    @property
    def reason(self) -> str:
        """Say in one line why nothing was asked for, or what was left out."""
        parts = []
        if self.waiting:
            parts.append(f"waiting for uploads to come to rest: {', '.join(self.waiting)}")
        if self.ignored:
            parts.append(f"ignored (not <version>/<name>.csv with a lower-case version): {', '.join(self.ignored)}")
        return "; ".join(parts) or "no new batches"


def content_digest(objects: Iterable[ObjectStat]) -> str:
    """Return the digest of a version's content: its keys and ETags, in no order."""
    lines = sorted(f"{one.key}\t{one.etag}" for one in objects)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:DIGEST_LENGTH]


def group_versions(objects: Iterable[ObjectStat]) -> tuple[dict[str, list[ObjectStat]], tuple[str, ...]]:
    """Sort objects into dataset versions; return them and the keys that belong to none."""
    versions: dict[str, list[ObjectStat]] = defaultdict(list)
    ignored = []
    for one in objects:
        version, _, name = one.key.partition("/")
        is_part = name.lower().endswith(BATCH_SUFFIX) or name in {SIDECAR_NAME, COMPLETE_NAME}
        if not is_part or "/" in name or not VERSION_PATTERN.fullmatch(version):
            ignored.append(one.key)
        else:
            versions[version].append(one)
    return dict(versions), tuple(sorted(ignored))


def content_of(objects: Iterable[ObjectStat]) -> list[ObjectStat]:
    """Return the objects that make a version's content: batches and sidecar, not the marker of completeness."""
    return [one for one in objects if not one.key.endswith(f"/{COMPLETE_NAME}")]


def decide_new_versions(
    objects: Iterable[ObjectStat], cursor: str | None, *, now: float, debounce_seconds: float
) -> BatchDecision:
    """Decide which dataset versions have come to rest with a content not asked for yet.

    Args:
        objects: the whole listing of the datasets bucket.
        cursor: what the last successful decision remembered; None at first.
        now: seconds since the epoch, by the sensor's own clock.
        debounce_seconds: quiet time after the last change; the object `_COMPLETE` ends it at once.

    """
    before = read_cursor(cursor)
    after: dict[str, Seen] = {}
    requests: list[VersionRequest] = []
    waiting: list[str] = []
    versions, ignored = group_versions(objects)
    for version, found in sorted(versions.items()):
        content = content_of(found)
        batches = sum(one.key.lower().endswith(BATCH_SUFFIX) for one in content)
        if not batches:
            continue
        digest = content_digest(content)
        seen = before.get(version)
        if seen is None or seen.digest != digest:
            seen = Seen(digest, now, None if seen is None else seen.requested)
        if seen.requested != digest:
            complete = len(content) != len(found)
            if complete or now - seen.since >= debounce_seconds:
                requests.append(VersionRequest(version, digest, batches))
                seen = Seen(digest, seen.since, requested=digest)
            else:
                waiting.append(version)
        after[version] = seen
    return BatchDecision(tuple(requests), write_cursor(after), tuple(waiting), ignored)


def read_cursor(cursor: str | None) -> dict[str, Seen]:
    """Read what was remembered; an unreadable cursor is as none, since run keys deduplicate."""
    try:
        raw = json.loads(cursor or "{}")
        return {version: Seen(**seen) for version, seen in raw.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def write_cursor(seen: Mapping[str, Seen]) -> str:
    """Write what to remember, as JSON."""
    return json.dumps({version: one.__dict__ for version, one in sorted(seen.items())})
