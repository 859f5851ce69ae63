"""The lane's own log, on standard error: its lines, and only warnings of the libraries."""

from __future__ import annotations

import logging
import os


def log_to_stderr() -> None:
    """Write this process's log lines with time and process id."""
    logging.basicConfig(level=logging.WARNING, format=f"%(asctime)s {os.getpid()} %(message)s")
    logging.getLogger("geocrop").setLevel(logging.INFO)
