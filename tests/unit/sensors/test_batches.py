"""Dataset versions from uploads: each content once, whatever happens around it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from resources.layout import DATASETS
from resources.object_store import ObjectStat
from sensors.batches import BatchDecision, content_digest, decide_new_versions

QUIET = 60.0
SAME_MOMENT = datetime(2024, 5, 1, tzinfo=UTC)


def stat(key: str, etag: str = "e1") -> ObjectStat:
    return ObjectStat(DATASETS, key, 10, etag, SAME_MOMENT)


def decide(objects: list[ObjectStat], cursor: str | None = None, now: float = 0.0) -> BatchDecision:
    return decide_new_versions(objects, cursor, now=now, debounce_seconds=QUIET)


def test_an_upload_waits_until_it_has_come_to_rest() -> None:
    first = decide([stat("v1/a.csv")], now=0)
    assert first.requests == ()
    assert first.waiting == ("v1",)
    assert decide([stat("v1/a.csv")], first.cursor, now=QUIET - 1).requests == ()
    assert [one.version for one in decide([stat("v1/a.csv")], first.cursor, now=QUIET).requests] == ["v1"]


def test_many_batches_in_a_row_make_one_request() -> None:
    cursor, asked = None, []
    objects: list[ObjectStat] = []
    for second in range(0, 200, 20):
        if second < 100:
            objects.append(stat(f"v1/batch-{second:03}.csv"))
        decision = decide(objects, cursor, now=float(second))
        cursor = decision.cursor
        asked += decision.requests
    assert [(one.version, one.batches) for one in asked] == [("v1", 5)]


def test_the_marker_of_completeness_ends_the_waiting() -> None:
    decision = decide([stat("v1/a.csv"), stat("v1/_COMPLETE")])
    assert [one.version for one in decision.requests] == ["v1"]


def test_a_content_is_asked_for_once() -> None:
    first = decide([stat("v1/a.csv"), stat("v1/_COMPLETE")])
    assert decide([stat("v1/a.csv"), stat("v1/_COMPLETE")], first.cursor, now=1e6).requests == ()


def test_a_lost_cursor_asks_again_under_the_same_run_key() -> None:
    objects = [stat("v1/a.csv"), stat("v1/_COMPLETE")]
    once, again = decide(objects), decide(objects, "not json at all")
    assert [one.run_key for one in once.requests] == [one.run_key for one in again.requests]


def test_an_overwritten_batch_is_a_new_content_and_the_same_bytes_again_are_not() -> None:
    first = decide([stat("v1/a.csv", "e1"), stat("v1/_COMPLETE")])
    same = decide([stat("v1/a.csv", "e1"), stat("v1/_COMPLETE")], first.cursor)
    other = decide([stat("v1/a.csv", "e2"), stat("v1/_COMPLETE")], first.cursor)
    assert same.requests == ()
    assert other.requests[0].run_key != first.requests[0].run_key


def test_equal_timestamps_do_not_hide_a_batch() -> None:
    first = decide([stat("v1/a.csv")], now=0)
    asked = decide([stat("v1/a.csv")], first.cursor, now=QUIET)
    more = decide([stat("v1/a.csv"), stat("v1/b.csv")], asked.cursor, now=QUIET + 1)
    assert more.waiting == ("v1",)
    assert decide([stat("v1/a.csv"), stat("v1/b.csv")], more.cursor, now=3 * QUIET).requests[0].batches == 2


def test_a_sidecar_is_part_of_the_content() -> None:
    assert content_digest([stat("v1/a.csv")]) != content_digest([stat("v1/a.csv"), stat("v1/dataset.yaml")])


def test_what_is_no_batch_of_a_version_is_named() -> None:
    decision = decide([stat("V1/a.csv"), stat("v1/notes.txt"), stat("v1/deep/a.csv"), stat("a.csv")])
    assert decision.ignored == ("V1/a.csv", "a.csv", "v1/deep/a.csv", "v1/notes.txt")
    assert decision.requests == ()
    assert "v1/notes.txt" in decision.reason


def test_a_version_without_a_batch_is_not_a_dataset() -> None:
    assert decide([stat("v1/dataset.yaml"), stat("v1/_COMPLETE")]).requests == ()


def test_a_removed_version_is_forgotten() -> None:
    first = decide([stat("v1/a.csv"), stat("v1/_COMPLETE")])
    assert json.loads(decide([], first.cursor).cursor) == {}


@given(st.permutations([stat(f"v{n % 3}/b{n}.csv", f"e{n}") for n in range(9)]))
def test_the_order_of_the_listing_does_not_matter(objects: list[ObjectStat]) -> None:
    first = decide(objects)
    later = decide(objects, first.cursor, now=QUIET)
    ordered = decide(sorted(objects, key=lambda one: one.key), None)
    assert first.cursor == ordered.cursor
    assert [one.version for one in later.requests] == ["v0", "v1", "v2"]
