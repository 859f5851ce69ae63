"""Blocks of composites and maps on a Ray cluster: which maps are worth it, what is sent, and what a worker does.

Workers import this module, so it knows no Dagster. What a task is sent is small: scenes as plain items, the name of
a bundle, the key of a composite. Workers read the rest themselves, with the keys of their own environment.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import tee
from math import prod
from typing import TYPE_CHECKING

from resources.bundles import load_bundle
from resources.layout import RESULTS
from resources.platform import open_store
from resources.settings import load_settings
from resources.spread import spread

if TYPE_CHECKING:
    import pystac
    from odc.geo.geobox import GeoBox
    from shapely.geometry.base import BaseGeometry

    from imagery.composite import Composite
    from imagery.grid import Block
    from imagery.maps import Drawn, MapModel, MapSource, Piece
    from imagery.recipe import Recipe
    from resources.progress import Report
    from training.bundle import ModelBundle
    from training.classes import ClassTable

WORTH_PIXELS = 16 * 1024 * 1024
"""Maps of more pixels go to the cluster: 16 blocks of 10.24 km. A run's own pod makes so many in some three minutes (20
CPU seconds each, docs/scale.md), and a worker that must be started first takes one or two of them."""

COMPOSITE_CORES = 2
"""Cores of a task that makes a block of a composite. Each may take a run's memory (`GEOCROP_MEMORY_MIB`): one for every
core would be too much, while one for all of a worker's cores leaves them idle where a block begins and ends."""

WRITER_CORES = 10
"""Cores of the cluster that one run feeds, which unpacks and writes what they make (docs/scale.md, "Blocks on Ray")."""

KEPT_MAPS = 2
"""Maps whose composite and bundle (some 100 MB) a worker's process keeps open."""


@dataclass(frozen=True)
class SeasonWork:
    """What the blocks of a composite have in common."""

    items: tuple[pystac.Item, ...]
    recipe: Recipe
    season: str
    memory: int
    gdal_options: Mapping[str, str]


@dataclass(frozen=True)
class MapWork:
    """What the blocks of a map have in common; bundle and composite are named by their content."""

    bundle_hash: str
    composite: str
    """Its key in the bucket of results."""
    recipe: Recipe = field(compare=False)
    classes: ClassTable = field(compare=False)
    polygon: BaseGeometry = field(compare=False)
    """The AOI in the composite's projection."""


def cluster_for(shape: Sequence[int], ray_address: str | None) -> str | None:
    """Return the cluster's address where there is one, and a map is worth it whose composite has this shape."""
    return ray_address if prod(shape) > WORTH_PIXELS else None


def plain_item(item: pystac.Item) -> pystac.Item:
    """Return a scene that another process can read: its addresses are whole, and it knows no catalogue."""
    plain = item.clone()
    for key, asset in item.assets.items():
        plain.assets[key].href = asset.get_absolute_href() or asset.href
    plain.clear_links()
    return plain


def composites_on(
    address: str, work: SeasonWork, blocks: Sequence[Block], progress: Report
) -> Generator[Composite, None, None]:
    """Yield the composites of blocks in order, as `imagery.composite.composite_blocks` does, made on a cluster.

    Progress is told of pixels after each block.
    """
    from imagery.composite_file import unpacked
    from imagery.scenes import check_bands

    check_bands(work.items, work.recipe)
    sent = replace(work, items=tuple(plain_item(item) for item in work.items))
    done, total = 0, sum(prod(block.geobox.shape) for block in blocks)
    boxes = [block.geobox for block in blocks]
    with closing(spread(compose, sent, boxes, cores=COMPOSITE_CORES, most=WRITER_CORES, ray_address=address)) as made:
        for data in made:
            composite = unpacked(data)
            del data  # and the composite, too, before the next is fetched: two are held else
            done += prod(composite.geobox.shape)
            progress(done, total)
            yield composite
            del composite


def compose(work: SeasonWork, geobox: GeoBox) -> bytes:
    """Make the composite of one block, in a task; it goes back packed."""
    from imagery.composite import composite_block
    from imagery.composite_file import packed

    composite = composite_block(
        work.items,
        work.recipe,
        geobox,
        work.season,
        threads=COMPOSITE_CORES,
        memory=work.memory,
        gdal_options=work.gdal_options,
    )
    return packed(composite, work.recipe, work.season)


def drawn_on(address: str, work: MapWork, pieces: Iterator[Piece]) -> Generator[tuple[Piece, Drawn], None, None]:
    """Yield the pieces of a map with what is drawn of each, in order: the drawer of `draw_map`, on a cluster."""
    ahead, kept = tee(pieces)
    sent = (block for block, _ in ahead)  # masks would be a hundred times as much, and workers have the polygon
    with closing(spread(draw, work, sent, most=WRITER_CORES, ray_address=address)) as drawn:
        yield from zip(kept, drawn, strict=True)


def draw(work: MapWork, block: Block) -> Drawn:
    """Draw one piece of a map, in a task, on one core."""
    from imagery.grid import polygon_mask
    from imagery.maps import draw_piece

    source, model = _opened(work)
    return draw_piece(source, model, 1, (block, polygon_mask(work.polygon, block.geobox)))


@lru_cache(maxsize=KEPT_MAPS)
def _opened(work: MapWork) -> tuple[MapSource, MapModel]:
    """Open the composite and the bundle of a map; both are closed when they are forgotten."""
    from imagery.composite_file import CompositeReader
    from imagery.maps import composite_source

    store = open_store(load_settings())
    bundle = load_bundle(store, work.bundle_hash)
    path = store.gdal_path(RESULTS, work.composite)
    reader = CompositeReader(path, work.recipe, gdal_options=store.gdal_options()).__enter__()
    return composite_source(reader, work.recipe, bundle.features), map_model(bundle, work.classes)


def map_model(bundle: ModelBundle, classes: ClassTable) -> MapModel:
    """Return a bundle as what classifies pixels."""
    import numpy as np

    from imagery.maps import MapModel

    return MapModel(
        predict=bundle.score,
        class_codes=np.array(bundle.codes, dtype=np.uint8),
        legend=[classes.by_name(name) for name in bundle.classes],
        applicable=bundle.applicability.inside,
    )
