"""The manifest of a bundle's folder: which files there are, that they are unchanged, and what they hash to."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from training.errors import GeocropError

MANIFEST = "manifest.json"
# where and how it was made and what follows from it, not what it is
NOT_HASHED = ("libraries", "hash", "derived", "scorer")
MAX_MANIFEST_BYTES = 16 * 2**20
READ_BYTES = 2**20


class BundleRefused(GeocropError):
    """Fetch or train the model bundle again: its folder is damaged or was tampered with."""

    code: ClassVar[str] = "bundle-refused"


def write_manifest(folder: Path, facts: dict[str, Any]) -> str:
    """List and hash the folder's files, write the manifest last, and return the bundle's hash."""
    files = {path.relative_to(folder).as_posix(): _file_hash(path) for path in _files(folder)}
    manifest = facts | {"files": files}
    manifest["hash"] = content_hash(manifest)
    text = json.dumps(manifest, sort_keys=True, indent=1, allow_nan=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return str(manifest["hash"])


def add_derived(folder: Path, name: str, facts: dict[str, Any]) -> None:
    """Say of the scorer what `facts` says, and list its file, if it is there.

    With its checksum, but outside of the bundle's hash: it follows from the other files.
    """
    path = folder / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8")) | {"scorer": facts}
    if (folder / name).exists():
        manifest["derived"] = manifest.get("derived", {}) | {name: _file_hash(folder / name)}
    path.write_text(json.dumps(manifest, sort_keys=True, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def listed_files(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return all files that a manifest lists, with their checksums; a derived one never stands for another."""
    derived: Any = manifest.get("derived", {})
    if not isinstance(derived, dict):
        raise BundleRefused(f"{MANIFEST} lists no derived files")
    return {**derived, **manifest["files"]}


def content_hash(manifest: dict[str, Any]) -> str:
    """Return the sha256 of a manifest in one canonical spelling; it covers the files by their hashes."""
    kept = {name: value for name, value in manifest.items() if name not in NOT_HASHED}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_manifest(folder: Path, schema: str) -> dict[str, Any]:
    """Read and check the manifest itself; raises BundleRefused."""
    path = folder / MANIFEST
    try:
        if path.is_symlink() or path.stat().st_size > MAX_MANIFEST_BYTES:
            raise BundleRefused(f"{MANIFEST} is a link or too large")
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleRefused(f"{folder} holds no {MANIFEST}: it is no model bundle, or half of one") from None
    except ValueError as error:
        raise BundleRefused(f"{MANIFEST} is not JSON: {error}") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise BundleRefused(f"{MANIFEST} lists no files")
    if manifest.get("schema") != schema:
        raise BundleRefused(f"the bundle has schema {manifest.get('schema')!r}, this GeoCrop reads {schema!r}")
    if manifest.get("hash") != content_hash(manifest):
        raise BundleRefused(f"{MANIFEST} was changed after it was written")
    return manifest


def refuse_foreign_files(folder: Path, files: dict[str, Any]) -> None:
    """Check every file against the manifest: none outside, none unknown, none missing, none changed."""
    for name in files:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or "\\" in name or "\0" in name or ".." in parts:
            raise BundleRefused(f"{MANIFEST} names a file outside the bundle: {name!r}")
    found = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    if unknown := sorted(set(found) - set(files)):
        raise BundleRefused(f"the bundle holds files its manifest does not know: {', '.join(unknown[:5])}")
    if missing := sorted(set(files) - set(found)):
        raise BundleRefused(f"the bundle lacks {', '.join(missing[:5])}")
    for name, path in found.items():
        if _file_hash(path) != files[name]:
            raise BundleRefused(f"{name} is not the file that was written: its checksum differs")


def _files(folder: Path) -> list[Path]:
    """Return all files below a folder but the manifest, sorted; a link is refused, for it can lead anywhere."""
    found = sorted(folder.rglob("*"))
    if links := [path.name for path in found if path.is_symlink()]:
        raise BundleRefused(f"the bundle holds links: {', '.join(links[:5])}")
    return [path for path in found if not path.is_dir() and path != folder / MANIFEST]


def _file_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(READ_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
