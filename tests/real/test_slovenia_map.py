"""Real pixels through the assets of a user's AOI: places on alternate stripes in, a COG out, judged on the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
import yaml
from numpy.typing import NDArray
from pyproj import Transformer

from geocrop_assets.assets.maps import MAP_NAME
from geocrop_assets.cli.datasets import upload_batches
from geocrop_assets.partitions import AOI_SEASON, DATASET_VERSION, model_key
from imagery.aoi import Aoi, partition_key
from resources.aois import keep_aoi
from resources.layout import DATASETS, RESULTS, map_prefix, sidecar_key
from resources.platform import registry_of, rules_of, store_of
from resources.publish import read_pointer
from sensors import tags
from training.classes import ClassTable
from training.evaluation import EvaluationReport, assess

if TYPE_CHECKING:
    from geocrop_assets.cli.runs import Platform

    PlatformMaker = Callable[..., Platform]

pytestmark = [pytest.mark.real, pytest.mark.slow]

RECIPES = Path(__file__).parent / "recipes"
VERSION = "stripes"
STRIPE = 10  # pixels
#: The land use register's codes, under names that the class table knows as aliases. Left out: 1, cultivated, of which
#: the patch has 11 pixels, 7 of them on the stripes of training: fewer than the 10 samples the gate asks of a class.
LABELS = {2: "forest", 3: "grass", 4: "shrub", 8: "artificial"}
#: Metres: the patch is 1 km wide, and has 30 blocks of this size to hold out within the stripes of training.
BLOCK_SIZE_M = 200.0
#: The likeliest class at each pixel. The default gives rare classes a head start, which costs 0.3 points of overall
#: accuracy on these pixels and brings nothing in macro F1. All else is as it comes.
TRAINING = {"ensemble": {"decision": "argmax"}}
LEARNING = {"resources": {"training": {"config": {"settings": TRAINING}}}}


@dataclass(frozen=True)
class Patch:
    """The labelled patch: codes uint8 [y, x], the places of its pixels in degrees, and which are trained on."""

    codes: NDArray[np.uint8]
    transform: rasterio.Affine
    crs: str
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    trained: NDArray[np.bool_]
    outline: shapely.Polygon

    @property
    def known(self) -> NDArray[np.bool_]:
        """Pixels of the classes that are mapped."""
        return np.isin(self.codes, list(LABELS))


@dataclass(frozen=True)
class Mapped:
    """One recipe's way from places to a map."""

    platform: Platform
    prepared: dg.ExecuteInProcessResult
    trained: dg.ExecuteInProcessResult
    drawn: dg.ExecuteInProcessResult
    folder: Path
    pointer: dict[str, Any]
    report: EvaluationReport


@pytest.fixture(scope="module")
def patch(real_data: Path) -> Patch:
    with rasterio.open(real_data / "stac_s2_slovenia" / "labels" / "LULC.tif") as file:
        codes, transform, crs = file.read(1), file.transform, file.crs.to_wkt()
        bounds = file.bounds
    degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    rows, columns = np.indices(codes.shape)
    lon, lat = degrees.transform(*(transform * (columns + 0.5, rows + 0.5)))
    edge = shapely.segmentize(shapely.box(*bounds), 100)  # metres: a straight line in UTM is none in degrees
    outline = shapely.transform(edge, lambda xy: np.column_stack(degrees.transform(xy[:, 0], xy[:, 1])))
    trained = columns // STRIPE % 2 == 0
    return Patch(codes, transform, crs, lon, lat, trained, outline)


def places(patch: Patch, season: str, path: Path) -> Path:
    """Write every labelled pixel of the stripes of training as a places batch."""
    chosen = patch.known & patch.trained
    table = {
        "lon": patch.lon[chosen].round(7),
        "lat": patch.lat[chosen].round(7),
        "season": season,
        "label": [LABELS[code] for code in patch.codes[chosen]],
    }
    pd.DataFrame(table).to_csv(path, index=False)
    return path


def compare(patch: Patch, path: Path) -> EvaluationReport:
    """Hold a map against the label raster, on the stripes that no sample came from."""
    judged = patch.known & ~patch.trained
    with rasterio.open(path) as file:
        column, row = ~file.transform * (patch.transform * (0.5, 0.5))  # of the patch's first pixel, in the map
        assert file.transform.a == pytest.approx(patch.transform.a, abs=1e-6)
        assert (column % 1, row % 1) == pytest.approx((0.5, 0.5), abs=1e-3)  # the map lies on the scenes' grid
        window = rasterio.windows.Window(int(column), int(row), patch.codes.shape[1], patch.codes.shape[0])
        mapped = file.read(1, window=window)
    classes = ClassTable.load()
    truth = {code: classes.resolve(name) for code, name in LABELS.items()}
    return assess(
        [truth[code].name for code in patch.codes[judged]],
        [classes.by_code(int(code)).name if code else "nothing" for code in mapped[judged]],
        groups=[f"stripe {column // STRIPE}" for column in np.nonzero(judged)[1]],
        method="Held out: every other stripe of ten pixels",
    )


def draw(platform: Platform, patch: Patch, season: str) -> tuple[dg.ExecuteInProcessResult, dict[str, Any]]:
    """Map the whole patch as a user's AOI."""
    store = store_of(platform.settings)
    aoi = Aoi.from_geojson(shapely.geometry.mapping(patch.outline), rules_of(platform.settings).aoi_limits())
    keep_aoi(store, aoi)
    key = partition_key(aoi.id, season)
    platform.instance.add_dynamic_partitions(AOI_SEASON, [key])
    result = platform.run(tags.MAP_JOB, partition=key)
    pointer = read_pointer(store, RESULTS, map_prefix(key))
    assert pointer is not None
    return result, pointer


@pytest.fixture(scope="module", params=["slovenia-ndvi,2016-2017", "slovenia-bands,2014-2015"])
def mapped(
    request: pytest.FixtureRequest,
    real_data: Path,
    patch: Patch,
    platform_on: PlatformMaker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapped:
    recipe, season = request.param.split(",")
    folder = tmp_path_factory.mktemp(recipe)
    platform = platform_on(
        f"home-{recipe}",
        catalogue=str(real_data / "stac_s2_slovenia" / "catalog.json"),
        recipes_dir=RECIPES,
        extent="none",
        max_aoi_ha=200,
    )
    store = store_of(platform.settings)
    sidecar = yaml.safe_dump({"recipe": recipe, "block_size_m": BLOCK_SIZE_M})
    store.put(DATASETS, sidecar_key(VERSION), sidecar.encode())
    upload_batches(platform.settings, [places(patch, season, folder / "stripes.csv")], VERSION)
    platform.instance.add_dynamic_partitions(DATASET_VERSION, [VERSION])
    prepared = platform.run(tags.PREPARE_JOB, partition=VERSION, config=LEARNING)
    trained = platform.run(tags.TRAIN_JOB, partition=str(model_key(VERSION, "Raw")), config=LEARNING)
    act = {"reason": "the first model of the stripes", "by": "test"}
    platform.run(tags.PROMOTE_JOB, config={"ops": {tags.CHAMPION_MODEL: {"config": act}}})
    drawn, pointer = draw(platform, patch, season)
    for name in pointer["files"]:
        store.download(RESULTS, pointer["files"][name], folder / name)
    return Mapped(platform, prepared, trained, drawn, folder, pointer, compare(patch, folder / MAP_NAME))


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    [event] = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in event.metadata.items()}


def test_every_labelled_pixel_of_the_stripes_is_measured(mapped: Mapped, patch: Patch) -> None:
    report = metadata(mapped.prepared, "samples")["report"]
    assert report["rows_kept"] == int((patch.known & patch.trained).sum()) == 4_952
    assert report["groupings"] == {"spatial-block": 4_952}
    assert report["block_size_m"] == BLOCK_SIZE_M
    assert set(report["class_counts"]) == {"woodland", "grassland", "shrubland", "built-up"}
    features = metadata(mapped.prepared, "training_features")
    assert features["not_measured"] == 0
    assert features["missing_values"] == 0


def test_the_map_is_right_on_the_stripes_it_has_not_seen(mapped: Mapped) -> None:
    assert mapped.report.scores.n_samples == 4_982
    assert mapped.report.overall_accuracy.value >= 0.92
    assert mapped.report.macro_f1.value >= 0.65


def test_every_pixel_of_the_patch_is_mapped_into_a_valid_cog(mapped: Mapped, patch: Patch) -> None:
    facts = mapped.pointer["facts"]
    assert facts["pixels_inside"] == facts["pixels_mapped"] == patch.codes.size
    checks = {one.check_name: one.passed for one in mapped.drawn.get_asset_check_evaluations()}
    assert checks["is_valid_cog"]
    assert checks["inside_area_of_applicability"]
    three_dates = registry_of(mapped.platform.settings).champion().recipe == "slovenia-bands@1"
    assert checks["enough_clear_observations"] is not three_dates  # three dates are few, and the check says so


def test_the_item_names_scenes_model_and_dataset(mapped: Mapped) -> None:
    item = json.loads((mapped.folder / "item.json").read_text(encoding="utf-8"))
    champion = registry_of(mapped.platform.settings).champion()
    sources = [link["href"] for link in item["links"] if link["rel"] == "derived_from"]
    assert len(sources) >= 3
    assert all(Path(source).is_file() for source in sources)
    told = json.dumps(item["properties"])
    assert champion.dataset_version in told
    assert champion.recipe in told
    assert champion.bundle_hash in told
