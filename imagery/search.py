"""Finding the scenes of a season: in any STAC API, or in a static catalogue on disk, over HTTP or in a bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from imagery.season import Season
from imagery.windows import Step, whole_period
from training.errors import GeocropError

if TYPE_CHECKING:
    import pystac
    from shapely.geometry.base import BaseGeometry

    from imagery.recipe_model import Recipe

ReadText = Callable[[str], str]

PAGE_SIZE = 100  # items a page: the limit that Digital Earth Africa's and Element 84's APIs take without complaint
RETRIES = 4  # a page is asked for five times, after 0.5, 1, 2 and 4 s
BACKOFF_S = 0.5
TIMEOUT_S = 60.0
RETRY_STATUS = (429, 500, 502, 503, 504)


class NoScenes(GeocropError):
    """Choose another place, season or recipe: the catalogue has no scene there; the message says what was searched."""

    code: ClassVar[str] = "no-scenes"


class CatalogueUnavailable(GeocropError):
    """Try again later, or check the catalogue's address: it did not answer, or not with STAC."""

    code: ClassVar[str] = "catalogue-unavailable"


@dataclass(frozen=True)
class SceneSearch:
    """What a search found, one item an acquisition: the recipe's own collection first, then by time and id."""

    items: tuple[pystac.Item, ...]
    catalogue: str
    dropped: tuple[tuple[str, str], ...]
    """Scenes that were found and not taken: id and reason."""


class Catalogue(Protocol):
    """A catalogue that can be searched many times."""

    address: str

    def search(
        self, collection: str, bounds: tuple[float, float, float, float], period: tuple[date, date] | None
    ) -> list[pystac.Item]:
        """Return items of a collection that may touch bounds in degrees and a period (inclusive; None is all time)."""
        ...


def open_catalogue(address: str, *, read_text: ReadText | None = None, backoff_s: float = BACKOFF_S) -> Catalogue:
    """Open a STAC API (http(s) address that does not end in .json) or a static catalogue (anything else).

    Args:
        address: https://... of an API's root, a path, an http(s) or s3:// address of a catalog.json.
        read_text: reads one JSON document of a static catalogue by its address; None uses files and HTTP.
        backoff_s: pause before the second try of a page; doubled at each further one.

    """
    if address.startswith(("http://", "https://")) and not address.endswith(".json"):
        return ApiCatalogue(address, backoff_s)
    return StaticCatalogue(address, read_text)


def find_scenes(
    catalogue: str | Catalogue,
    recipe: Recipe,
    geometry: BaseGeometry,
    season: Season | str,
    *,
    read_text: ReadText | None = None,
) -> SceneSearch:
    """Find the scenes that a recipe needs over a place in a season, its other collections included.

    Args:
        catalogue: an address as for `open_catalogue`, or a catalogue already open.
        recipe: says which collections, windows and cloud limit.
        geometry: shapely geometry in degrees (EPSG:4326).
        season: the season.
        read_text: see `open_catalogue`.

    Raises:
        NoScenes: nothing of the recipe's own collection is left.
        CatalogueUnavailable: the catalogue does not answer, after retries.

    """
    source = open_catalogue(catalogue, read_text=read_text) if isinstance(catalogue, str) else catalogue
    season = Season.parse(season)
    kept: list[pystac.Item] = []
    dropped: list[tuple[str, str]] = []
    for collection, timed in _collections(recipe).items():
        period = whole_period(recipe.steps_of(season)) if timed else None
        found = source.search(collection, geometry.bounds, period)
        steps = recipe.steps_of(season) if timed else None
        limit = recipe.max_cloud if collection == recipe.collection else None
        kept += _newest(_wanted(found, geometry, steps, limit, dropped), dropped)
    if not any(_is_own(item, recipe) for item in kept):
        raise NoScenes(_nothing(source.address, recipe, geometry, season, dropped))
    items = tuple(sorted(kept, key=lambda item: (not _is_own(item, recipe), moment_of(item), item.id)))
    return SceneSearch(items, source.address, tuple(dropped))


def moment_of(item: pystac.Item) -> datetime:
    """Return when an item was observed (UTC): the middle of its period, or its datetime."""
    start, end = item.common_metadata.start_datetime, item.common_metadata.end_datetime
    moment = start + (end - start) / 2 if start is not None and end is not None else item.datetime
    if moment is None:
        raise CatalogueUnavailable(f"item {item.id} has neither datetime nor start and end")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class ApiCatalogue:
    """A STAC API, paged through by pystac-client; a page that fails is asked for again."""

    def __init__(self, address: str, backoff_s: float = BACKOFF_S) -> None:
        self.address = address
        self._backoff_s = backoff_s
        self._client: Any = None

    def search(
        self, collection: str, bounds: tuple[float, float, float, float], period: tuple[date, date] | None
    ) -> list[pystac.Item]:
        """Ask the API; see Catalogue."""
        import requests
        from pystac_client.exceptions import APIError

        when = None if period is None else f"{period[0]}T00:00:00Z/{period[1]}T23:59:59Z"
        try:
            search = self._opened().search(collections=[collection], bbox=bounds, datetime=when, limit=PAGE_SIZE)
            return list(search.items())
        except (APIError, requests.RequestException, NotImplementedError, KeyError, ValueError, TypeError) as error:
            raise CatalogueUnavailable(f"{self.address}, collection {collection}: {_short(error)}") from error

    def _opened(self) -> Any:  # noqa: ANN401 (pystac-client has no types)
        if self._client is None:
            from pystac_client import Client
            from pystac_client.stac_api_io import StacApiIO
            from urllib3 import Retry

            retry = Retry(
                total=RETRIES, backoff_factor=self._backoff_s, status_forcelist=RETRY_STATUS, allowed_methods=None
            )
            self._client = Client.open(self.address, stac_io=StacApiIO(max_retries=retry, timeout=TIMEOUT_S))
        return self._client


class StaticCatalogue:
    """A static catalogue, walked once; its items are kept in memory by collection."""

    def __init__(self, address: str, read_text: ReadText | None = None) -> None:
        self.address = str(address)
        self._read_text = read_text
        self._items: dict[str, list[pystac.Item]] = {}
        self._root: pystac.Catalog | None = None

    def search(
        self, collection: str, bounds: tuple[float, float, float, float], period: tuple[date, date] | None
    ) -> list[pystac.Item]:
        """Return the collection's items whose boxes touch the bounds; see Catalogue."""
        if collection not in self._items:
            self._items[collection] = self._walk(collection)
        west, south, east, north = bounds
        found = []
        for item in self._items[collection]:
            box = item.bbox or (-180.0, -90.0, 180.0, 90.0)
            inside = box[0] <= east and box[-2 if len(box) == 4 else 3] >= west  # noqa: PLR2004 (boxes of 4 or 6)
            if inside and box[1] <= north and box[3 if len(box) == 4 else 4] >= south:  # noqa: PLR2004
                found.append(item)
        return [i for i in found if period is None or period[0] <= moment_of(i).date() <= period[1]]

    def _walk(self, collection: str) -> list[pystac.Item]:
        import pystac

        try:
            if self._root is None:
                stac_io = _hooked_io(self._read_text) if self._read_text else None
                self._root = pystac.Catalog.from_file(self.address, stac_io=stac_io)
            found = []
            for parent, _, _ in self._root.walk():
                for item in parent.get_items() if parent.id == collection or parent is self._root else ():
                    if item.collection_id in (None, collection):
                        item.make_asset_hrefs_absolute()
                        found.append(item)
        except (OSError, ValueError, KeyError, pystac.STACError, pystac.STACTypeError) as error:
            raise CatalogueUnavailable(f"{self.address}: {_short(error)}") from error
        return found


def _hooked_io(read_text: ReadText) -> Any:  # noqa: ANN401 (a class made when pystac is imported)
    from pystac.stac_io import DefaultStacIO

    class HookedIO(DefaultStacIO):
        def read_text(self, source: object, *_args: object, **_options: object) -> str:
            return read_text(str(getattr(source, "href", source)))

    return HookedIO()


def _collections(recipe: Recipe) -> dict[str, bool]:
    """Return the collections of a recipe, its own first, and whether each is searched by date."""
    timed: dict[str, bool] = {recipe.collection: True}
    for asset in recipe.assets.values():
        name = asset.collection or recipe.collection
        timed[name] = timed.get(name, False) or not asset.static
    return timed


def _is_own(item: pystac.Item, recipe: Recipe) -> bool:
    return item.collection_id in (None, recipe.collection)


def _wanted(
    found: Iterable[pystac.Item],
    geometry: BaseGeometry,
    steps: Sequence[Step] | None,
    max_cloud: float | None,
    dropped: list[tuple[str, str]],
) -> Iterator[pystac.Item]:
    """Keep what touches the place and a window (None: any time), and is not too cloudy by its metadata."""
    import shapely.geometry

    for item in found:
        if item.geometry is not None and not shapely.geometry.shape(item.geometry).intersects(geometry):
            continue
        if steps is not None and not any(step.contains(moment_of(item)) for step in steps):
            continue
        cloud = float(item.properties.get("eo:cloud_cover") or 0.0)
        if max_cloud is not None and cloud > max_cloud:
            dropped.append((item.id, f"cloud cover {cloud:g} % is over {max_cloud:g} %"))
            continue
        yield item


def _newest(items: Iterable[pystac.Item], dropped: list[tuple[str, str]]) -> list[pystac.Item]:
    """Keep the newest processing of each acquisition."""
    newest: dict[tuple[object, ...], pystac.Item] = {}
    for item in sorted(items, key=_processing):
        older = newest.get(_acquisition(item))
        if older is not None:
            dropped.append((older.id, f"the same acquisition was processed again: {item.id}"))
        newest[_acquisition(item)] = item
    return list(newest.values())


def _acquisition(item: pystac.Item) -> tuple[object, ...]:
    """Return what two processings of one acquisition share: platform, second of sensing, and tile."""
    told = item.properties
    tile = told.get("grid:code") or told.get("s2:mgrs_tile") or told.get("odc:region_code")
    if tile is None:
        place = told.get("proj:transform") or [round(edge, 2) for edge in item.bbox or ()]
        tile = (str(told.get("proj:code") or told.get("proj:epsg")), tuple(place), tuple(told.get("proj:shape") or ()))
    return item.collection_id, told.get("platform"), moment_of(item).replace(microsecond=0), tile


def _processing(item: pystac.Item) -> tuple[str, ...]:
    """Return what orders processings of one acquisition: baseline, then when it was made, then id."""
    told = item.properties
    baseline = told.get("s2:processing_baseline") or told.get("sentinel:processing_baseline") or ""
    return (str(baseline), str(told.get("created") or ""), str(told.get("updated") or ""), item.id)


def _nothing(
    address: str, recipe: Recipe, geometry: BaseGeometry, season: Season, dropped: Sequence[tuple[str, str]]
) -> str:
    first, last = whole_period(recipe.steps_of(season))
    box = ", ".join(f"{edge:.4f}" for edge in geometry.bounds)
    why = f"; {len(dropped)} were left out, such as {dropped[0][0]}: {dropped[0][1]}" if dropped else ""
    return f"no scene of {recipe.collection} in {address} over {box} (degrees) from {first} to {last}{why}"


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:300]}"
