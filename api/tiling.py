"""Addresses of tiles and downloads, and the way back: which object an address means, and whether it may be read.

A published raster lies under a key of its own content. Baselines are public; a result needs a link that was signed
for that one object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, NamedTuple
from urllib.parse import quote, urlencode

from api.errors import ApiError
from api.published import YEARS, baselines
from api.security import check_link, secret_of, sign_link
from imagery.dynamic_world import DYNAMIC_WORLD
from resources.layout import BASELINES, RESULTS
from resources.object_store import FolderStore

if TYPE_CHECKING:
    from api.services import Services
    from imagery.legend import Legend
    from resources.object_store import ObjectStore
    from resources.rules import DatasetRules

GRID = "WebMercatorQuad"
#: How long a signed link is good: a working day with a map open.
LINK_LIFE = timedelta(hours=12)
#: Rasters that may be tiled, by bucket: published ones only. Uploads, composites and everything else are not.
TILED: Mapping[str, re.Pattern[str]] = {
    BASELINES: re.compile(r"20[0-9]{2}/[0-9a-f]{8,64}/[a-z0-9_-]{1,64}\.tif"),
    RESULTS: re.compile(r"maps/[a-z0-9-]{1,100}/[0-9a-f]{8,64}/[a-z0-9_-]{1,64}\.tif"),
}
#: Files that may be downloaded: those that lie beside such a raster.
DOWNLOADED: Mapping[str, re.Pattern[str]] = {
    BASELINES: re.compile(r"20[0-9]{2}/[0-9a-f]{8,64}/[a-z0-9_-]{1,64}(\.[a-z]{1,8}){1,3}"),
    RESULTS: re.compile(r"maps/[a-z0-9-]{1,100}/[0-9a-f]{8,64}/[a-z0-9_-]{1,64}(\.[a-z]{1,8}){1,3}"),
}


#: Whom a map shows thanks to.
ATTRIBUTION: Mapping[str, str] = {
    BASELINES: "Dynamic World V1 by Google and World Resources Institute, CC BY 4.0",
    RESULTS: "GeoCrop; contains modified Copernicus Sentinel data",
}


class ForeignUrl(ApiError):
    """Take the address from the API's own links: tiles are made of the platform's published rasters only."""

    code: ClassVar[str] = "foreign-url"
    status: ClassVar[int] = 403


class ObjectName(NamedTuple):
    """An object of the store."""

    bucket: str
    key: str

    @property
    def subject(self) -> str:
        """What a link is signed for."""
        return f"{self.bucket}/{self.key}"


def tilejson_url(services: Services, base: str, bucket: str, key: str) -> str:
    """Return where the TileJSON of a published raster is: at this API, or at the separate TiTiler of the settings."""
    uri = services.store.uri(bucket, key)
    if services.settings.titiler_url:
        titiler = services.settings.titiler_url.rstrip("/")
        return f"{titiler}/cog/{GRID}/tilejson.json?{_titiler_query(services, bucket, uri)}"
    return f"{base}/tiles/{GRID}/tilejson.json?{tile_query(services, bucket, key)}"


def tile_query(services: Services, bucket: str, key: str) -> str:
    """Return the query by which this API's tile routes find a raster and know that it may be read."""
    query = {"url": services.store.uri(bucket, key)}
    if not is_public(ObjectName(bucket, key)):
        query["token"] = link_token(services, ObjectName(bucket, key))
    return urlencode(query, quote_via=quote, safe="/:")


def baseline_tilejson(services: Services, base: str) -> dict[int, str | None]:
    """Return the TileJSON address of each year's baseline, 2015 to 2025; None where there is no baseline yet."""
    found = baselines(services.store)
    return {year: tilejson_url(services, base, BASELINES, found[year].key) if year in found else None for year in YEARS}


def download_url(services: Services, base: str, bucket: str, key: str, filename: str) -> str:
    """Return where to download a published file: presigned on S3, a signed link of this API for a folder."""
    if not isinstance(services.store, FolderStore):
        return services.store.presigned_url(bucket, key, LINK_LIFE, filename=filename)
    query = {"token": link_token(services, ObjectName(bucket, key)), "filename": filename}
    return f"{base}/files/{bucket}/{quote(key)}?{urlencode(query, quote_via=quote)}"


def link_token(services: Services, name: ObjectName) -> str:
    """Return a token that reads one object for the length of `LINK_LIFE`."""
    return sign_link(name.subject, LINK_LIFE, secret_of(services.settings))


def check_token(services: Services, name: ObjectName, token: str | None) -> None:
    """Raise LinkRefused unless the token was signed for this object and is still good."""
    check_link(name.subject, token or "", secret_of(services.settings))


def read_url(store: ObjectStore, url: str) -> ObjectName:
    """Return the published raster that an address means.

    The address must be letter by letter what the store itself gives the object, so that there is one spelling and
    nothing to normalise: no percent signs, no `..`, no other scheme, host or bucket.

    Raises:
        ForeignUrl: it is anything else.

    """
    for bucket, pattern in TILED.items():
        # A year or a map's prefix cannot hold a character that an address would escape, so the root is enough.
        root = store.uri(bucket, "x").removesuffix("x")
        key = url.removeprefix(root)
        if url.startswith(root) and pattern.fullmatch(key) and store.uri(bucket, key) == url:
            return ObjectName(bucket, key)
    raise ForeignUrl("this address is none of the platform's published rasters")


def is_public(name: ObjectName) -> bool:
    """Tell whether everybody may read an object: baselines are public, results are not."""
    return name.bucket == BASELINES


def legend_of(services: Services, bucket: str) -> Legend:
    """Return the classes of the rasters in a bucket: Dynamic World's, or the class table's."""
    return DYNAMIC_WORLD if bucket == BASELINES else _map_legend(services.rules)


@lru_cache(maxsize=8)
def _map_legend(rules: DatasetRules) -> Legend:
    return tuple(rules.load_classes())


def _titiler_query(services: Services, bucket: str, uri: str) -> str:
    """Return the query of TiTiler's own application: it knows no class table, so the colours go with it."""
    colors = {str(entry.code): entry.color for entry in legend_of(services, bucket)}
    query = {
        "url": uri,
        "bidx": "1",
        "resampling": "nearest",
        "reproject": "nearest",
        "tile_format": "png",
        "colormap": json.dumps(colors, separators=(",", ":")),
    }
    return urlencode(query, quote_via=quote, safe="/:")
