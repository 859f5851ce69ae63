"""A real daemon, killed and started again in the middle: each content of a dataset version is made once.

The dataset is a table of features, so that no imagery is read; what is proved is the sensors, the queue and the runs.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from geocrop_assets.cli.programs import start_dagster
from geocrop_assets.cli.runs import LOCAL_INSTANCE, prepare_instance
from resources.layout import DATASETS, LOGS
from resources.object_store import FolderStore
from resources.platform import store_of
from resources.settings import Settings
from sensors import tags
from sensors.batches import content_digest
from sensors.events import newest_made

pytestmark = [pytest.mark.integration, pytest.mark.slow]

#: A busy machine takes its time: half a minute until the first tick, as much for a run.
PATIENCE_S = 180.0
PARENT_RUN = "dagster/parent_run_id"
RUN_KEY = "dagster/run_key"


class Daemon:
    """The platform in a home of its own, with its daemon that can be killed and started again."""

    def __init__(self, home: Path, table: Any) -> None:  # noqa: ANN401  # feature_table.py is loaded by path
        recipes = table.write_recipe(home / "recipes")
        self.batch = table.batch
        self.settings = Settings(home=home, recipes_dir=recipes, sensor_seconds=2, debounce_seconds=2, auto_train=False)
        (home / "dagster").mkdir()
        impatient = LOCAL_INSTANCE.read_text().replace(
            "poll_interval_seconds: 15", "poll_interval_seconds: 2\n  start_timeout_seconds: 60"
        )
        (home / "dagster" / "dagster.yaml").write_text(impatient)
        self.log = home / "daemon.log"
        self.store = store_of(self.settings)
        self.instance = dg.DagsterInstance.from_config(str(prepare_instance(self.settings)))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = start_dagster(self.settings, "dagster-daemon", "run", log=self.log)

    def kill(self) -> None:
        """End the daemon, its code server and its runs without a warning."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def until(self, done: Callable[[], object], what: str) -> None:
        """Wait for something; show the daemon's log when it never comes."""
        end = time.monotonic() + PATIENCE_S
        while not done():
            if time.monotonic() > end:
                pytest.fail(f"{what}: not within {PATIENCE_S:g} s\n{self.log.read_text()[-4000:]}")
            time.sleep(0.2)

    def rest(self) -> None:
        """Wait until the sensor of batches has looked twice, begun after now, and found nothing new."""
        nothing_new = "Sensor detect_new_batches skipped: no new batches"
        begun = self.log.read_text().count(nothing_new)
        self.until(lambda: self.log.read_text().count(nothing_new) >= begun + 2, "two quiet ticks")

    def put(self, key: str, body: bytes) -> None:
        self.store.put(DATASETS, key, body, content_type="text/csv")

    def digest(self, version: str) -> str:
        """Return the digest of what lies under a version now."""
        return content_digest(self.store.list(DATASETS, f"{version}/"))

    def is_made(self, version: str) -> bool:
        """Tell whether the newest features of a version are of what lies under it now."""
        return newest_made(self.instance, tags.FEATURE_SELECTION, version).digest == self.digest(version)

    def asked(self) -> list[dg.DagsterRun]:
        """Return the runs that the sensor asked for: a retry of a run that died is no request."""
        return [run for run in self.instance.get_runs() if PARENT_RUN not in run.tags]

    def asked_for(self, version: str) -> list[str]:
        """Return the contents of a version that were asked for, oldest first."""
        return [
            run.tags[tags.DATASET_DIGEST_TAG]
            for run in reversed(self.asked())
            if run.tags[tags.DATASET_VERSION_TAG] == version
        ]

    def alerts(self) -> list[dict[str, str]]:
        """Return the alerts that were kept."""
        return [json.loads(self.store.get(LOGS, one.key)) for one in self.store.list(LOGS, "alerts/")]

    def runs_of(self, version: str) -> list[dg.DagsterRun]:
        """Return the runs of a version, newest first."""
        return [run for run in self.instance.get_runs() if run.tags[tags.DATASET_VERSION_TAG] == version]


@dataclass(frozen=True)
class Story:
    """What happened, for the tests to look at."""

    daemon: Daemon
    first: str  # digests of what v2 held, in time
    second: str


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, feature_table: Any) -> Iterator[Story]:  # noqa: ANN401
    """Upload, kill and start again: v1 is interrupted, v2 overwritten and put back, v3 bad and then mended."""
    daemon = Daemon(tmp_path_factory.mktemp("platform") / "home", feature_table)
    try:
        yield tell(daemon)
    finally:
        daemon.kill()


def tell(daemon: Daemon) -> Story:
    daemon.start()
    daemon.put("v1/a.csv", daemon.batch(1))
    daemon.until(daemon.asked, "the first request")
    daemon.kill()  # right after the tick that asked

    for key, seed in (("v2/a.csv", 2), ("v2/b.csv", 3)):  # nobody looks meanwhile
        daemon.put(key, daemon.batch(seed))
    assert isinstance(daemon.store, FolderStore)
    same_moment = time.time() - 3600  # listing by time would see one of these, or none
    for name in ("a.csv", "b.csv"):
        os.utime(daemon.store.root / DATASETS / "v2" / name, (same_moment, same_moment))
    daemon.put("v3/a.csv", daemon.batch(5, label="no such crop"))
    daemon.start()
    daemon.until(lambda: daemon.is_made("v1"), "v1 made after the restart")
    daemon.until(lambda: daemon.is_made("v2"), "v2 made after the restart")
    daemon.until(lambda: any(one["partition"] == "v3" for one in daemon.alerts()), "the alert of v3")
    daemon.kill()  # between uploads, and perhaps before it is known that the alert was told

    first = daemon.digest("v2")
    daemon.put("v1/a.csv", daemon.batch(1))  # the same bytes again
    daemon.put("v2/b.csv", daemon.batch(4))  # other bytes under the same name
    daemon.put("v3/a.csv", daemon.batch(5))
    second = daemon.digest("v2")
    daemon.start()
    daemon.until(lambda: daemon.is_made("v2"), "the overwritten v2 made")
    daemon.put("v2/b.csv", daemon.batch(3))  # and put back: the content that was there before
    daemon.until(lambda: daemon.is_made("v3"), "the mended v3 made")
    daemon.until(lambda: daemon.is_made("v2"), "the restored v2 made")
    daemon.rest()
    daemon.kill()
    return Story(daemon, first, second)


def test_an_interrupted_content_is_made_and_asked_for_once(story: Story) -> None:
    assert story.daemon.asked_for("v1") == [story.daemon.digest("v1")]
    assert story.daemon.runs_of("v1")[0].is_success


def test_two_batches_of_one_moment_are_one_content(story: Story) -> None:
    assert story.daemon.asked_for("v2")[0] == story.first


def test_an_overwritten_batch_gives_one_run_more_and_so_does_putting_it_back(story: Story) -> None:
    assert story.daemon.asked_for("v2") == [story.first, story.second, story.first]


def test_no_request_is_made_twice_and_no_dead_run_keeps_a_place_of_the_queue(story: Story) -> None:
    keys = Counter(run.tags[RUN_KEY] for run in story.daemon.asked())
    assert max(keys.values()) == 1
    assert [run.status for run in story.daemon.instance.get_runs() if not run.is_finished] == []
    assert set(story.daemon.instance.get_dynamic_partitions(tags.DATASET_VERSION)) == {"v1", "v2", "v3"}


def test_a_dataset_that_fails_is_told_once_is_not_tried_again_and_is_made_when_mended(story: Story) -> None:
    [alert] = [one for one in story.daemon.alerts() if one["partition"] == "v3"]
    assert alert["kind"] == "run-failed"
    assert "TooManyRejects" in alert["message"]
    made, failed = story.daemon.runs_of("v3")
    assert (made.is_success, failed.is_failure) == (True, True)
    assert alert["run_id"] == failed.run_id


def test_every_failed_run_has_one_alert(story: Story) -> None:
    failed = sorted(run.run_id for run in story.daemon.instance.get_runs() if run.is_failure)
    assert sorted(one["run_id"] for one in story.daemon.alerts()) == failed
