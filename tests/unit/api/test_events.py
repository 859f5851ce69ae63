"""The outbox of events: ids in order, things told once, topics apart."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.db import events
from api.db.tables import Event, now
from api.services import Services


def test_events_of_a_topic_come_after_an_id_in_order(services: Services) -> None:
    with services.database.write() as session:
        first = events.append(session, "job:a", "queued", {"n": 1})
        events.append(session, "job:b", "queued", {"n": 2})
        events.append(session, "job:a", "progress", {"n": 3})
    assert first is not None
    with services.database.read() as session:
        assert [event.data["n"] for event in events.after(session, "job:a", 0, 10)] == [1, 3]
        assert [event.data["n"] for event in events.after(session, "job:a", first, 10)] == [3]
        assert [event.data["n"] for event in events.after(session, None, 0, 2)] == [1, 2]
        assert events.newest_id(session) == events.after(session, None, 0, 10)[-1].id


def test_a_thing_with_a_key_is_told_once(services: Services) -> None:
    with services.database.write() as session:
        assert events.append(session, "platform", "promoted", {}, key="promoted-1") is not None
    with services.database.write() as session:
        assert events.append(session, "platform", "promoted", {}, key="promoted-1") is None
        assert events.append(session, "platform", "promoted", {}, key="promoted-2") is not None


def test_an_event_of_a_change_that_is_rolled_back_was_never_told(services: Services) -> None:
    def change() -> None:
        with services.database.write() as session:
            events.append(session, "platform", "promoted", {})
            raise LookupError

    with pytest.raises(LookupError):
        change()
    with services.database.read() as session:
        assert events.newest_id(session) == 0


def test_no_event_is_before_the_first(services: Services) -> None:
    with services.database.read() as session:
        assert events.newest_id(session) == 0
        assert events.after(session, None, 0, 10) == []


def test_old_events_go_but_the_last_of_a_job_stays_for_those_who_follow_it(services: Services) -> None:
    old, young = now() - timedelta(days=100), now()
    told = [
        ("job:a", "progress", old),
        ("job:a", "ready", old),
        ("platform", "promoted", old),
        ("job:b", "queued", young),
    ]
    with services.database.write() as session:
        session.add_all(Event(topic=topic, type=kind, at=at, data={}) for topic, kind, at in told)
    with services.database.write() as session:
        assert events.prune(session, now() - timedelta(days=90)) == 2
        assert events.prune(session, now() - timedelta(days=90)) == 0
    with services.database.read() as session:
        assert [(one.topic, one.type) for one in events.after(session, None, 0, 10)] == [
            ("job:a", "ready"),
            ("job:b", "queued"),
        ]


def test_many_old_events_go_in_several_transactions(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PRUNED_AT_ONCE", 2)
    with services.database.write() as session:
        session.add_all(Event(topic="platform", type="promoted", at=now(), data={}) for _ in range(3))
    deleted = []
    for _ in range(3):
        with services.database.write() as session:
            deleted.append(events.prune(session, now() + timedelta(days=1)))
    assert deleted == [2, 1, 0]
