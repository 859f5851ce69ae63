"""`geocrop demo`: from two uploaded batches to a crop map, on a simulated landscape, by the platform's own sensors."""

from __future__ import annotations

import json
import shutil
import subprocess  # nosec B404
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import dagster as dg

from geocrop_assets.assets.maps import MAP_NAME
from geocrop_assets.cli.console import bars, console, table
from geocrop_assets.cli.datasets import upload_batches
from geocrop_assets.cli.maps import predict_aoi
from geocrop_assets.cli.programs import start_dagster, stop
from geocrop_assets.cli.runs import open_platform, prepare_instance
from geocrop_assets.cli.training import show_candidates
from resources.layout import BASELINES, RESULTS, baseline_upload_prefix
from resources.platform import registry_of, rules_of, store_of
from resources.settings import SETTINGS_FILE, load_settings
from sensors import tags
from training.errors import GeocropError

if TYPE_CHECKING:
    from demo import Landscape
    from resources.progress import Listener
    from resources.settings import Settings

DATASET = "demo"
DEMO_FOLDER = "demo"
SMALL_SIZE_PX, SMALL_DATES = 192, 14
#: The baseline that the picture shows: the calendar year in which the season's crops stand.
PICTURE_YEAR = 2024
#: The landscape is about one block of the default size: smaller ones, so that there are enough to hold some out.
BLOCK_SIZE_M, SMALL_BLOCK_SIZE_M = 1000, 200
#: The small landscape has some eight samples of its rarest classes to train on.
SMALL_MIN_TRAINING_SAMPLES = 4
SENSOR_SECONDS, DEBOUNCE_SECONDS = 3, 3
#: After this the demo gives up: some four times what it takes on two cores.
PATIENCE_SECONDS = 900
POLL_SECONDS = 1.0
SIMULATED = "[bold yellow]SIMULATED[/] landscape: scenes, labels and baselines are invented, nothing in it was observed"


class HomeInUse(GeocropError):
    """Give the demo a home of its own, without servers: GEOCROP_HOME=... make demo."""

    code: ClassVar[str] = "home-in-use"


class DemoFailed(GeocropError):
    """Read the log that the message names, and the failed run in the Dagster UI (`geocrop up`)."""

    code: ClassVar[str] = "demo-failed"


def run_demo(settings: Settings, *, small: bool = False) -> None:
    """Run the main job from upload to map and print what was done.

    Raises:
        HomeInUse: the home holds something else than an earlier demo.
        DemoFailed: a run failed or the daemon died.

    """
    started = time.monotonic()
    console.print(SIMULATED)
    refuse_servers(settings)
    home = fresh_home(settings.home.absolute())
    with bars() as listener:
        landscape = make_landscape(home, small=small, listener=listener)
        settings = write_settings(home, landscape, small=small)
        ingest_baselines(settings, landscape, listener)
    train_by_sensor(settings, landscape)
    show_candidates(settings, DATASET)
    with bars() as listener:
        drawn = predict_aoi(settings, landscape.aoi, landscape.season, listener=listener)
    crop_map = home / DEMO_FOLDER / MAP_NAME
    store_of(settings).download(RESULTS, drawn.pointer["files"][MAP_NAME], crop_map)
    summary = summarise(settings, landscape, crop_map)
    drawn.show(console)
    show_summary(home, summary, seconds=time.monotonic() - started)


def refuse_servers(settings: Settings) -> None:
    """Raise HomeInUse where the settings name servers: a simulated landscape has no business there."""
    named = {
        "MINIO_ENDPOINT": settings.s3_endpoint,
        "GEOCROP_MLFLOW_URI": settings.mlflow_uri,
        "DAGSTER_HOME": settings.dagster_home,
    }
    found = [name for name, value in named.items() if value is not None]
    if found:
        raise HomeInUse(f"the demo runs on the embedded default: unset {', '.join(found)} first")


def fresh_home(home: Path) -> Path:
    """Return the home, emptied of an earlier demo but for its landscape."""
    if home.exists() and any(home.iterdir()) and not (home / DEMO_FOLDER).is_dir():
        raise HomeInUse(f"{home} holds something else than a demo: GEOCROP_HOME=/another/folder make demo")
    for name in ("store", "dagster", "mlartifacts"):
        shutil.rmtree(home / name, ignore_errors=True)
    for path in (*home.glob("mlflow.db*"), home / SETTINGS_FILE):
        path.unlink(missing_ok=True)
    (home / DEMO_FOLDER).mkdir(parents=True, exist_ok=True)
    return home


def make_landscape(home: Path, *, small: bool, listener: Listener) -> Landscape:
    """Simulate the landscape below the home."""
    from demo import simulate

    size = {"size_px": SMALL_SIZE_PX, "n_dates": SMALL_DATES} if small else {}
    return simulate(
        home / DEMO_FOLDER / "landscape", progress=lambda _what, share: listener("simulating scenes", share), **size
    )


def write_settings(home: Path, landscape: Landscape, *, small: bool) -> Settings:
    """Write what is special about the demo where `geocrop up` finds it, and read it."""
    lines = {
        "GEOCROP_CATALOGUE": landscape.catalogue,
        "GEOCROP_DEFAULT_SEASON": landscape.season,
        "GEOCROP_BLOCK_SIZE_M": SMALL_BLOCK_SIZE_M if small else BLOCK_SIZE_M,
        "GEOCROP_AUTO_PROMOTE": "true",
        "GEOCROP_SENSOR_SECONDS": SENSOR_SECONDS,
        "GEOCROP_DEBOUNCE_SECONDS": DEBOUNCE_SECONDS,
    }
    if small:
        lines["GEOCROP_GATE_MIN_TRAINING_SAMPLES"] = SMALL_MIN_TRAINING_SAMPLES
    text = "# Written by `geocrop demo`: a SIMULATED landscape\n" + "".join(f"{k}={v}\n" for k, v in lines.items())
    (home / SETTINGS_FILE).write_text(text, encoding="utf-8")
    return load_settings(home)


def ingest_baselines(settings: Settings, landscape: Landscape, listener: Listener) -> None:
    """Upload the simulated baselines and make their COGs."""
    store, platform = store_of(settings), open_platform(settings)
    for done, (year, path) in enumerate(sorted(landscape.baselines.items()), start=1):
        store.put_file(BASELINES, f"{baseline_upload_prefix(year)}{path.name}", path)
        platform.run(tags.BASELINE_JOB, partition=str(year))
        listener("making baselines", done / len(landscape.baselines))


def train_by_sensor(settings: Settings, landscape: Landscape) -> None:
    """Start the daemon, upload the batches, and wait until its sensors have trained and promoted a model."""
    first, *others = landscape.batches
    upload_batches(settings, [first], DATASET)
    log = settings.home.absolute() / DEMO_FOLDER / "daemon.log"
    daemon = start_dagster(settings, "dagster-daemon", "run", log=log)
    try:
        upload_batches(settings, others, DATASET, complete=True)
        instance = dg.DagsterInstance.from_config(str(prepare_instance(settings)))
        with bars() as listener:
            wait_for_champion(settings, instance, daemon, log, listener)
    finally:
        stop(daemon)


def wait_for_champion(
    settings: Settings, instance: dg.DagsterInstance, daemon: subprocess.Popen[bytes], log: Path, listen: Listener
) -> None:
    """Show how the sensor's runs get on until the promotion has succeeded.

    Raises:
        DemoFailed: a run failed, the daemon died, or it takes far too long.

    """
    registry = registry_of(settings)
    until = time.monotonic() + PATIENCE_SECONDS
    listen("waiting for the sensor", 0.0)
    while time.monotonic() < until:
        runs = [record.dagster_run for record in instance.get_run_records(dg.RunsFilter(job_name=None))]
        ours = [run for run in runs if run.job_name in STAGES]
        if ours:
            listen("waiting for the sensor", 1.0)
        for run in ours:
            listen(stage_of(run), share_done(instance, run))
            if run.status == dg.DagsterRunStatus.FAILURE:
                raise DemoFailed(
                    f"{run.job_name} failed: {why_failed(instance, run.run_id)} (the daemon's log is {log})"
                )
        if any(run.job_name == tags.PROMOTE_JOB and run.is_success for run in ours) and registry.champion():
            return
        if daemon.poll() is not None:
            raise DemoFailed(f"the daemon ended with code {daemon.returncode}: {log}")
        time.sleep(POLL_SECONDS)
    raise DemoFailed(f"no model was promoted within {PATIENCE_SECONDS} s: {log}")


def why_failed(instance: dg.DagsterInstance, run_id: str) -> str:
    """Return what the failed steps of a run and its failed checks say."""
    told = []
    for entry in instance.all_logs(
        run_id, of_type={dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.ASSET_CHECK_EVALUATION}
    ):
        event = entry.get_dagster_event()
        if event.is_step_failure:
            error = event.step_failure_data.error
            told.append(f"{event.step_key}: {(error.cause or error).message.strip()}" if error else str(event.step_key))
        elif not event.asset_check_evaluation_data.passed:
            told.append(str(event.asset_check_evaluation_data.description))
    return " ".join(told) or f"see run {run_id}"


STAGES = {tags.PREPARE_JOB: "measuring samples", tags.TRAIN_JOB: "training", tags.PROMOTE_JOB: "promoting"}


def stage_of(run: dg.DagsterRun) -> str:
    """Return the words for a run's bar."""
    return f"{STAGES[run.job_name]} {run.tags.get(tags.VARIANT_TAG, '')}".strip()


def share_done(instance: dg.DagsterInstance, run: dg.DagsterRun) -> float:
    """Return the share of a run's steps that are done, 0..1."""
    if run.is_success:
        return 1.0
    planned = len(run.asset_selection or ()) or 1
    done = instance.get_run_stats(run.run_id).steps_succeeded
    return min(done / planned, 0.95)


@dataclass(frozen=True)
class Summary:
    """What the demo achieved."""

    score: dict[str, Any]
    picture: Path
    classes: dict[int, str]


def summarise(settings: Settings, landscape: Landscape, crop_map: Path) -> Summary:
    """Compare the map with the simulated truth, and write the picture and the figures."""
    from demo import score_map
    from demo.picture import compare_png
    from imagery.dynamic_world import DYNAMIC_WORLD

    classes = rules_of(settings).load_classes()
    folder = settings.home.absolute() / DEMO_FOLDER
    score = score_map(crop_map, landscape.truth, landscape.aoi)
    picture = folder / "baseline-truth-map.png"
    picture.write_bytes(
        compare_png(
            crop_map,
            landscape.truth,
            landscape.baselines[PICTURE_YEAR],
            landscape.aoi,
            classes=list(classes),
            baseline_classes=DYNAMIC_WORLD,
            year=PICTURE_YEAR,
        )
    )
    (folder / "summary.json").write_text(json.dumps(score, indent=1), encoding="utf-8")
    return Summary(score, picture, {one.code: one.title for one in classes})


def show_summary(home: Path, summary: Summary, *, seconds: float) -> None:
    """Print how good the map is, and where everything lies."""
    rows = [
        (
            summary.classes[code],
            f"{of['pixels'] / 100:,.0f}",
            _percent(of["users_accuracy"]),
            _percent(of["producers_accuracy"]),
        )
        for code, of in sorted(summary.score["classes"].items())
    ]
    table("Map against the simulated truth", ("class", "true ha", "user's accuracy", "producer's accuracy"), rows)
    console.print(
        f"overall accuracy [bold]{summary.score['overall_accuracy']:.1%}[/], macro F1 "
        f"[bold]{summary.score['macro_f1']:.3f}[/], on {summary.score['pixels']:,} pixels of a {SIMULATED}"
    )
    console.print(f"picture: {summary.picture}\nfiles:   {home}", soft_wrap=True)
    console.print(f"UI:      `make up`, then http://127.0.0.1:3000 (took {seconds:.0f} s)")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
