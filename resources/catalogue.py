"""How the scenes of a catalogue are read."""

from __future__ import annotations

from pathlib import Path

#: Digital Earth Africa's bucket is public: requests are not signed.
PUBLIC_BUCKET_OPTIONS = {"AWS_NO_SIGN_REQUEST": "YES", "AWS_REGION": "af-south-1"}


def gdal_options_of(catalogue: str) -> dict[str, str]:
    """Return GDAL's settings for reading a catalogue's scenes: none for a folder, ranges over HTTP for an API."""
    if Path(catalogue).exists():
        return {}
    return {
        **PUBLIC_BUCKET_OPTIONS,
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_HTTP_MAX_RETRY": "4",
        "GDAL_HTTP_RETRY_DELAY": "1",
    }
