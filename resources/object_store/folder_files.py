"""Files and folders as the folder store moves them: rename into place, prune what is empty, list in order of keys."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from resources.object_store.base import InvalidKey, is_key

_log = logging.getLogger(__name__)


def publish(temporary: Path, target: Path, bucket: str, key: str) -> None:
    """Rename the temporary file to the object; the caller holds the bucket's tree against `prune`."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(target)
    except (IsADirectoryError, NotADirectoryError, FileExistsError):
        raise InvalidKey(
            f"{bucket}/{key} meets an object that is already named like one of its folders, or the reverse: "
            "choose another key"
        ) from None


def make_last(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a rename in it outlives a power cut."""
    with contextlib.suppress(FileNotFoundError):  # its object is deleted again already, and the folder pruned
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def prune(folder: Path, home: Path) -> None:
    """Remove a folder and those above it, below `home`, as far as they are empty; the caller holds the tree."""
    while folder != home and home in folder.parents:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:  # not empty
            return
        folder = folder.parent


def entries(folder: Path) -> list[tuple[str, os.DirEntry[str]]]:
    """Return a folder's entries in the order of their keys: a folder sorts as its name with a slash."""
    found = []
    try:
        with os.scandir(folder) as found_here:
            for entry in found_here:
                if entry.name.startswith("."):
                    continue
                if not is_key(entry.name):
                    _log.warning("%s is left out of the listing: its name is not a valid key", ascii(entry.path))
                elif entry.is_dir(follow_symlinks=False):
                    found.append((f"{entry.name}/", entry))
                elif entry.is_file():
                    found.append((entry.name, entry))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(found, key=lambda pair: pair[0])
