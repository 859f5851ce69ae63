"""The archive of scenes: which STAC catalogue, and how its files are read."""

from __future__ import annotations

from dagster import ConfigurableResource

from resources.catalogue import gdal_options_of


class SceneArchive(ConfigurableResource):  # type: ignore[type-arg]
    """A STAC API's root, or the path of a static catalogue."""

    catalogue: str

    @property
    def gdal_options(self) -> dict[str, str]:
        """GDAL's settings for reading this archive's scenes: none for a folder, ranges over HTTP for an API."""
        return gdal_options_of(self.catalogue)
