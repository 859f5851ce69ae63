"""The archive of scenes: which STAC catalogue, and how its files are read."""

from __future__ import annotations

from pathlib import Path

from dagster import ConfigurableResource

#: Digital Earth Africa's bucket is public: requests are not signed.
PUBLIC_BUCKET_OPTIONS = {"AWS_NO_SIGN_REQUEST": "YES", "AWS_REGION": "af-south-1"}


class SceneArchive(ConfigurableResource):  # type: ignore[type-arg]
    """A STAC API's root, or the path of a static catalogue."""

    catalogue: str

    @property
    def gdal_options(self) -> dict[str, str]:
        """GDAL's settings for reading this archive's scenes: none for a folder, ranges over HTTP for an API."""
        if Path(self.catalogue).exists():
            return {}
        return {
            **PUBLIC_BUCKET_OPTIONS,
            "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
            "GDAL_HTTP_MAX_RETRY": "4",
            "GDAL_HTTP_RETRY_DELAY": "1",
        }
