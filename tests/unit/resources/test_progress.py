"""Progress: a log line at every tenth, and every share to who listens."""

from __future__ import annotations

from resources.progress import Progress


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, msg: str) -> None:
        self.lines.append(msg)


def test_a_thousand_steps_are_eleven_lines() -> None:
    log = Log()
    report = Progress().reporter(log, "reading scenes")
    for done in range(1001):
        report(done, 1000)
    assert log.lines == [f"reading scenes: {tenth * 10} %" for tenth in range(11)]


def test_a_listener_hears_every_share_and_two_pieces_of_work_do_not_mix() -> None:
    log, heard = Log(), []
    progress = Progress().heard_by(lambda what, share: heard.append((what, share)))
    one, two = progress.reporter(log, "one"), progress.reporter(log, "two")
    one(0.25)
    two(3, 12)
    one(1.0)
    assert heard == [("one", 0.25), ("two", 0.25), ("one", 1.0)]
    assert log.lines == ["one: 20 %", "two: 20 %", "one: 100 %"]


def test_nothing_to_do_is_done() -> None:
    log = Log()
    Progress().reporter(log, "nothing")(0, 0)
    assert log.lines == ["nothing: 100 %"]
