"""Run keys: what Dagster deduplicates for ever, and how a content that comes back is asked for again."""

from __future__ import annotations

#: Digits of a run's id: enough to tell the materializations of one partition apart.
RUN_DIGITS = 8


def run_key_after(content_key: str, newest_run: str | None) -> str:
    """Return the run key of a content that is to replace what the run `newest_run` made of the same partition.

    A batch that is overwritten and then put back has a content that was asked for before. Under the content's key alone
    Dagster would take the request for a repeated one, and the overwritten state would stay. Until a new materialization
    is there the key stays the same, so restarts and lost cursors still ask once.
    """
    return content_key if newest_run is None else f"{content_key}--after-{newest_run[:RUN_DIGITS]}"
