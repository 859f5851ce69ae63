"""Secrets that a development installation makes for itself: random, in its home, readable by its owner only."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from typing import ClassVar

from training.errors import GeocropError

#: Random bytes in a secret; as text some 64 characters.
SECRET_BYTES = 48


class EmptySecret(GeocropError):
    """Delete that file, so that a new secret is made, or write one of at least 32 characters into it."""

    code: ClassVar[str] = "empty-secret"


def secret_file(path: Path | str) -> str:
    """Return the secret in a file; make it, with mode 0600, where there is none.

    Made once even when several processes race: each writes a file of its own whole, and the first to link it under the
    name wins; the others read that one.

    Raises:
        EmptySecret: the file is there and says nothing.

    """
    path = Path(path)
    if not path.exists():
        _make(path)
    found = path.read_text(encoding="ascii").strip()
    if not found:
        raise EmptySecret(f"{path} is empty")
    return found


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # 0600 from the start
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        return  # another process was first: its secret counts
    finally:
        Path(name).unlink(missing_ok=True)
