"""`geocrop lane`: the warm worker of the interactive lane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geocrop_assets.cli.runs import prepare_instance

if TYPE_CHECKING:
    from resources.settings import Settings


def serve_lane(settings: Settings, *, host: str | None = None) -> None:
    """Serve the interactive lane until Ctrl-C or SIGTERM."""
    from resources.lanes.logs import log_to_stderr
    from resources.lanes.program import Program

    log_to_stderr()
    Program(settings, prepare_instance(settings), host=host).run()
