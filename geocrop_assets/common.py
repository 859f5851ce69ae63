"""What every asset shares: owners, groups, and small metadata helpers."""

from __future__ import annotations

import base64
import shutil
import subprocess  # nosec B404
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import dagster as dg

OWNERS = ["team:geocrop"]
#: Metadata of some 30 kB an event slows the UI; a plot of 20 kB is 27 kB in base64.
MAX_INLINE_BYTES = 20_000


def png_metadata(png: bytes, title: str, uri: str | None = None) -> dg.MetadataValue:
    """Show a small PNG in the UI; a larger one is linked."""
    if len(png) <= MAX_INLINE_BYTES:
        return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})")
    return dg.MetadataValue.url(uri or "")


#: Said wherever something made of simulated scenes is shown.
SIMULATED_NOTE = "SIMULATED: made of simulated scenes, nothing in it was observed"


def simulated_metadata(simulated: bool) -> dict[str, str]:
    """Return the note that marks what is made of simulated scenes; nothing for the rest."""
    return {"simulated": SIMULATED_NOTE} if simulated else {}


def counts_table(counts: Mapping[str, int], *, name: str = "class", count: str = "samples") -> dg.MetadataValue:
    """Show counts as a table, most first."""
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return markdown_table((name, count), [(key, str(number)) for key, number in rows])


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> dg.MetadataValue:
    """Show rows as a Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return dg.MetadataValue.md("\n".join(lines))


@cache
def code_version() -> str:
    """Return the version of the code that runs: the package's, with the commit where a checkout tells it."""
    version = metadata.version("geocrop")
    head = Path(__file__).resolve().parents[1] / ".git"
    git = shutil.which("git")
    if git is None or not head.exists():
        return version
    found = subprocess.run(  # noqa: S603  # git by its own path, fixed words
        [git, "-C", str(head.parent), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False
    )
    return f"{version}+{found.stdout.strip()}" if found.returncode == 0 else version
