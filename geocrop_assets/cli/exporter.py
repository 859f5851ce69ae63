"""`geocrop exporter`: numbers of the platform for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geocrop_assets.cli.runs import prepare_instance

if TYPE_CHECKING:
    from resources.settings import Settings


def serve_exporter(settings: Settings, *, host: str, port: int) -> None:
    """Serve the numbers until Ctrl-C or SIGTERM."""
    from resources.exporter.program import serve
    from resources.lanes.logs import log_to_stderr

    log_to_stderr()
    serve(settings, prepare_instance(settings), host=host, port=port)
