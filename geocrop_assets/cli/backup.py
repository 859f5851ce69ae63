"""`geocrop backup`: databases and buckets into a store of their own, and back. See docs/operate.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geocrop_assets.cli.console import console, told_errors
from resources.settings import load_settings

app = typer.Typer(help="Backups of databases and buckets.", no_args_is_help=True)

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the platform (default: GEOCROP_HOME, or .geocrop here).")
]
Name = Annotated[str, typer.Argument(help="Name of the backup, as `list` shows it; `latest` for the newest.")]
Daily = Annotated[int, typer.Option(min=1, help="Days that keep their newest backup.")]
Weekly = Annotated[int, typer.Option(min=0, help="Weeks that keep their newest backup.")]
Monthly = Annotated[int, typer.Option(min=0, help="Months that keep their newest backup.")]


@app.command()
def create(
    prune: Annotated[bool, typer.Option("--prune", help="Delete old backups afterwards.")] = False,
    daily: Daily = 7,
    weekly: Weekly = 4,
    monthly: Monthly = 6,
    home: Home = None,
) -> None:
    """Make a backup: contents that an earlier one has are not copied again."""
    from importlib.metadata import version

    from resources.backup.create import create as make
    from resources.backup.place import buckets_of, vault_of
    from resources.platform import open_store

    with told_errors():
        settings = load_settings(home)
        vault = vault_of(settings)
        made = make(
            vault,
            open_store(settings),
            databases=settings.backup_databases,
            buckets=buckets_of(settings),
            version=version("geocrop"),
            say=_say,
        )
        _say(f"backup {made.id}: {made.objects} objects, {made.size} bytes, of which {made.added_bytes} are new")
    if prune:
        delete_old(daily=daily, weekly=weekly, monthly=monthly, home=home)


@app.command(name="prune")
def delete_old(daily: Daily = 7, weekly: Weekly = 4, monthly: Monthly = 6, home: Home = None) -> None:
    """Delete backups that no day, week or month keeps, and contents that no backup needs."""
    from resources.backup.place import vault_of
    from resources.backup.retention import Keeping
    from resources.backup.retention import prune as delete

    with told_errors():
        gone, contents = delete(vault_of(load_settings(home)), Keeping(daily, weekly, monthly))
    _say(f"deleted {len(gone)} backups and {contents} contents")


@app.command(name="list")
def show(home: Home = None) -> None:
    """List the whole backups; one that was killed half way is none."""
    from resources.backup.place import vault_of

    with told_errors():
        found = vault_of(load_settings(home)).open().manifests()
    for one in found:  # lines, not a table: a name that was cut short could not be given to `restore`
        _say(f"{one.id}  {len(one.databases)} databases, {one.objects} objects, {one.size} bytes")
    _say(f"{len(found)} backups")


@app.command()
def verify(
    name: Name = "latest",
    quick: Annotated[bool, typer.Option("--quick", help="Presence and sizes only.")] = False,
    home: Home = None,
) -> None:
    """Read everything that a backup needs and compare it with its checksums."""
    from resources.backup.place import vault_of
    from resources.backup.restore import verify as check

    with told_errors():
        vault = vault_of(load_settings(home)).open()
        manifest = vault.manifest(name)
        contents = check(vault, manifest, quick=quick)
    _say(f"backup {manifest.id} is whole: {contents} contents")


@app.command()
def restore(
    name: Name,
    database: Annotated[
        list[str] | None, typer.Option("--database", help="Only this one of the databases; may be repeated.")
    ] = None,
    no_objects: Annotated[bool, typer.Option("--no-objects", help="Leave the buckets alone.")] = False,
    no_databases: Annotated[bool, typer.Option("--no-databases", help="Leave the databases alone.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also where something is already: it is lost, and so is what is newer.")
    ] = False,
    home: Home = None,
) -> None:
    """Bring databases and buckets to what a backup holds. Stop API, Dagster and MLflow first."""
    from resources.backup.place import vault_of
    from resources.backup.restore import restore as bring_back
    from resources.platform import open_store

    with told_errors():
        settings = load_settings(home)
        vault = vault_of(settings).open()
        manifest = vault.manifest(name)
        wanted = [] if no_databases else database
        bring_back(
            vault,
            manifest,
            open_store(settings),
            databases=wanted,
            objects=not no_objects,
            overwrite=overwrite,
            say=_say,
        )
    _say(f"restored {manifest.id}")


def _say(what: str) -> None:
    console.print(what, highlight=False, soft_wrap=True)
