"""Cron lines, in UTC: understood or not, and when next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

MAX_CRON_LENGTH = 100
#: With six fields cron counts seconds: more often than a training can start.
FIELDS = 5


def cron_problem(line: str) -> str | None:
    """Say why a cron line cannot be a schedule, or None."""
    if len(line.split()) != FIELDS:
        return "a cron line has five fields: minute, hour, day of month, month, day of week (in UTC)"
    try:
        next(CronSim(line, datetime.now(UTC)))
    except (CronSimError, ValueError) as error:
        return f"not a cron line: {error}"
    except StopIteration:
        return "this cron line never comes"
    return None


def next_time(minutes: int | None, cron: str | None, after: datetime, before: datetime | None = None) -> datetime:
    """Return when a schedule comes next after a moment; missed times are passed over.

    Args:
        minutes: every so many, in step with `before`.
        cron: or by a cron line in UTC.
        after: the moment.
        before: when it was due last; None for a new schedule.

    """
    if cron is not None:
        return next(CronSim(cron, after.astimezone(UTC)))
    step = timedelta(minutes=minutes or 1)
    if before is None or before > after:
        return after + step
    return before + ((after - before) // step + 1) * step
