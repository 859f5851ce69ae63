"""Tiles of published rasters: TiTiler's factory, narrowed to what a web map needs.

Of TiTiler's parameters those are left out that let a visitor choose work or addresses: expressions, algorithms,
projections, sizes without a limit, and any raster that is not one of the platform's own published ones.
"""

from __future__ import annotations

import api.light_rio_tiler  # noqa: F401  # before rio-tiler

# isort: split
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from morecantile import tms
from morecantile.defaults import TileMatrixSets
from rio_tiler.constants import WGS84_CRS
from titiler.core.factory import TilerFactory

from api.deps import ServicesDep
from api.errors import InvalidRequest, LinkRefused, responses
from api.links import base_url
from api.models.tiles import PointValues, RasterInfo, TileJson, class_entries
from api.rendering import NEAREST, OutsideBounds, Source, TilesBusy, UnreadableRaster, opened, render, run
from api.tiling import (
    ATTRIBUTION,
    GRID,
    LINK_LIFE,
    ForeignUrl,
    check_token,
    is_public,
    legend_of,
    read_url,
    tile_query,
)
from resources.object_store import ObjectNotFound, StoreUnavailable

#: WebMercatorQuad's own deepest level; TiTiler would compute deeper ones, at a price.
MAX_ZOOM = 24
TILE_PIXELS = 256
MAX_PREVIEW_PIXELS = 1_024
MAX_BANDS = 3
#: A URL names the content, so what it answers never changes. A signed one is kept only by the browser it was given to.
PUBLIC_CACHE = "public, max-age=31536000, immutable"
SIGNED_CACHE = f"private, max-age={int(LINK_LIFE.total_seconds())}, immutable"
#: A TileJSON carries a link that ends.
TILEJSON_CACHE = "private, max-age=300"
ERRORS = responses(
    ForeignUrl,
    LinkRefused,
    OutsideBounds,
    ObjectNotFound,
    InvalidRequest,
    TilesBusy,
    StoreUnavailable,
    UnreadableRaster,
)
IMAGES: dict[str, Any] = {"content": {"image/png": {}, "image/webp": {}}, "description": "An image."}


def source_of(
    services: ServicesDep,
    url: Annotated[str, Query(max_length=2_048, description="The raster's address, as the API's links give it.")],
    token: Annotated[
        str | None, Query(max_length=256, description="The link's signature; baselines need none.")
    ] = None,
) -> Source:
    """Return the raster that a request may read: TiTiler's path dependency.

    Raises:
        ForeignUrl: it is not one of the platform's published rasters.
        LinkRefused: it is a result, and the token was not signed for it or its time is over.

    """
    name = read_url(services.store, url)
    if not is_public(name):
        check_token(services, name, token)
    return Source(name, services.store, legend_of(services, name.bucket))


def band_of(
    source: Annotated[Source, Depends(source_of)],
    bidx: Annotated[int, Query(ge=1, le=MAX_BANDS, description="Band: class, confidence, clear observations.")] = 1,
) -> int:
    """Return the band asked for; InvalidRequest where the raster has fewer."""
    if bidx > len(source.bands):
        raise InvalidRequest(f"This raster has {len(source.bands)} band(s): {', '.join(source.bands)}.")
    return bidx


SourceDep = Annotated[Source, Depends(source_of)]
BandDep = Annotated[int, Depends(band_of)]
Zoom = Annotated[int, Path(ge=0, le=MAX_ZOOM)]
Index = Annotated[int, Path(ge=0, lt=2**MAX_ZOOM)]
ImageFormat = Annotated[Literal["png", "webp"], Path()]


class MapTiler(TilerFactory):
    """TiTiler's factory with five routes, whose parameters are all bounded."""

    def register_routes(self) -> None:
        """Register the routes that a web map needs; TiTiler's others are not there."""
        self.tilejson()
        self.tile()
        self.info()
        self.point()
        self.preview()

    def tilejson(self) -> None:
        """Register the TileJSON route."""

        @self.router.get(f"/{GRID}/tilejson.json", response_model=TileJson, responses=ERRORS)
        async def tilejson(
            request: Request, response: Response, services: ServicesDep, source: SourceDep, band: BandDep
        ) -> TileJson:
            """TileJSON of a published raster, for OpenLayers, MapLibre, Leaflet and QGIS."""
            response.headers["Cache-Control"] = TILEJSON_CACHE
            query = tile_query(services, *source.name) + ("" if band == 1 else f"&bidx={band}")
            tiles = f"{base_url(request, services.settings)}/tiles/{GRID}/{{z}}/{{x}}/{{y}}.png?{query}"
            return await run(self.describe_tiles, source, tiles)

    def tile(self) -> None:
        """Register the route of tiles."""

        @self.router.get(
            f"/{GRID}/{{z}}/{{x}}/{{y}}.{{format}}",
            response_class=Response,
            responses={HTTPStatus.OK: IMAGES, **ERRORS},
        )
        async def tile(
            *,
            source: SourceDep,
            band: BandDep,
            z: Zoom,
            x: Index,
            y: Index,
            format: ImageFormat,  # TiTiler's name
            tilesize: Annotated[int, Query(ge=TILE_PIXELS, le=2 * TILE_PIXELS, multiple_of=TILE_PIXELS)] = TILE_PIXELS,
        ) -> Response:
            """One tile in the colours of the classes; nodata is transparent."""
            content = await run(self.draw_tile, source, band, (x, y, z), tilesize, format)
            return _image(content, format, source)

    def info(self) -> None:
        """Register the route of facts."""

        @self.router.get("/info", response_model=RasterInfo, responses=ERRORS)
        async def info(source: SourceDep) -> RasterInfo:
            """Bounds, projection, size, bands and classes of a published raster."""
            return await run(self.describe, source)

    def point(self) -> None:
        """Register the route of single pixels."""

        @self.router.get("/point/{lon},{lat}", response_model=PointValues, responses=ERRORS)
        async def point(
            source: SourceDep,
            lon: Annotated[float, Path(ge=-180, le=180, allow_inf_nan=False)],
            lat: Annotated[float, Path(ge=-90, le=90, allow_inf_nan=False)],
        ) -> PointValues:
            """Class, confidence and number of clear observations of the pixel at a place (degrees, WGS 84)."""
            return await run(self.read_point, source, lon, lat)

    def preview(self) -> None:
        """Register the route of the whole raster as one small picture."""

        @self.router.get("/preview.{format}", response_class=Response, responses={HTTPStatus.OK: IMAGES, **ERRORS})
        async def preview(
            source: SourceDep,
            band: BandDep,
            format: ImageFormat,  # TiTiler's name
            max_size: Annotated[int, Query(ge=16, le=MAX_PREVIEW_PIXELS, description="Longer side in pixels.")] = 512,
        ) -> Response:
            """The whole raster as a small picture, in its own projection."""
            content = await run(self.draw_preview, source, band, max_size, format)
            return _image(content, format, source)

    def draw_tile(self, source: Source, band: int, at: tuple[int, int, int], size: int, image: str) -> bytes:
        """Return one tile (column, row, level) as an image."""
        with opened(source) as raster:
            pixels = raster.tile(*at, tilesize=size, indexes=band, **NEAREST)
        return render(pixels, source.colors(band), image)

    def draw_preview(self, source: Source, band: int, size: int, image: str) -> bytes:
        """Return the whole raster as an image of at most `size` pixels a side."""
        with opened(source) as raster:
            pixels = raster.preview(max_size=size, indexes=band, resampling_method=NEAREST["resampling_method"])
        return render(pixels, source.colors(band), image)

    def describe_tiles(self, source: Source, tiles: str) -> TileJson:
        """Return the TileJSON of a raster whose tiles lie at `tiles`."""
        with opened(source) as raster:
            west, south, east, north = raster.get_geographic_bounds(WGS84_CRS)
            return TileJson(
                name=source.title,
                attribution=ATTRIBUTION[source.name.bucket],
                tiles=[tiles],
                minzoom=raster.minzoom,
                maxzoom=raster.maxzoom,
                bounds=(west, south, east, north),
                center=((west + east) / 2, (south + north) / 2, raster.minzoom),
                classes=class_entries(source.legend),
            )

    def describe(self, source: Source) -> RasterInfo:
        """Return what is known of a raster."""
        with opened(source) as raster:
            return RasterInfo(
                name=source.title,
                bounds=raster.get_geographic_bounds(WGS84_CRS),
                crs=raster.crs.to_string(),
                width=raster.width,
                height=raster.height,
                bands=list(source.bands),
                classes=class_entries(source.legend),
            )

    def read_point(self, source: Source, lon: float, lat: float) -> PointValues:
        """Return the pixel at a place."""
        with opened(source) as raster:
            found = raster.point(lon, lat, indexes=list(range(1, len(source.bands) + 1))).array.tolist()
        values = dict(zip(source.bands, found, strict=True))
        known = {entry.code: entry for entry in class_entries(source.legend)}
        return PointValues.model_validate(
            {"lon": lon, "lat": lat, "values": values, "class": known.get(values["class"])}
        )


def _image(content: bytes, image: str, source: Source) -> Response:
    cache = PUBLIC_CACHE if is_public(source.name) else SIGNED_CACHE
    return Response(content, media_type=f"image/{image}", headers={"Cache-Control": cache})


def tile_router() -> APIRouter:
    """Return the routes under `/tiles`."""
    tiler = MapTiler(
        router=APIRouter(prefix="/tiles", tags=["tiles"]),
        path_dependency=source_of,
        supported_tms=TileMatrixSets({GRID: tms.get(GRID)}),
    )
    return tiler.router


router = tile_router()
