"""The warm worker on the code location of tests, with no champion to hold."""

from __future__ import annotations

from geocrop_assets.cli.runs import prepare_instance
from resources.lanes.logs import log_to_stderr
from resources.lanes.program import Program
from resources.settings import load_settings

if __name__ == "__main__":
    log_to_stderr()
    settings = load_settings()
    Program(settings, prepare_instance(settings), code="lane_trial_jobs", bare=True, grace_s=5.0).run()
