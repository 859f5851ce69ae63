"""What the command line prints: progress bars, tables, and errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from training.errors import GeocropError

if TYPE_CHECKING:
    from resources.progress import Listener

console = Console()
errors = Console(stderr=True)


@contextmanager
def bars() -> Iterator[Listener]:
    """Show a progress bar for each piece of work that reports its share done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<28}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        known: dict[str, TaskID] = {}

        def listen(what: str, share: float) -> None:
            if what not in known:
                known[what] = progress.add_task(what, total=1.0)
            progress.update(known[what], completed=min(share, 1.0))

        yield listen


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows as a table; numbers to the right."""
    shown = Table()
    for number, name in enumerate(header):
        is_number = bool(rows) and all(isinstance(row[number], int | float) for row in rows)
        shown.add_column(name, justify="right" if is_number else "left")
    for row in rows:
        shown.add_row(*(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row))
    console.print(f"\n[bold]{title}[/]", soft_wrap=True)
    console.print(shown)


@contextmanager
def told_errors() -> Iterator[None]:
    """Turn an error that a person can mend into one message and exit code 1, without a traceback."""
    try:
        yield
    except GeocropError as error:
        errors.print(f"[bold red]{error.code}[/]: {error}", highlight=False)
        errors.print(f"[dim]{type(error).hint()}[/]", highlight=False)
        raise typer.Exit(1) from error
