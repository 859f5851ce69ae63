"""The setup of MinIO, run with a stand-in for `mc` and with nothing else but what the image of mc has."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from geocrop_assets.housekeeping import INCOMPLETE_AFTER
from tests.unit.deploy.manifests import K8S

FOLDER = K8S / "base" / "minio"
POLICIES = FOLDER / "policies"
LIFECYCLES = sorted(POLICIES.glob("lifecycle-*.json"))
#: One of these a rule must have: `Rule.Validate` of MinIO's internal/bucket/lifecycle/rule.go.
ACTIONS = {"Expiration", "Transition", "NoncurrentVersionExpiration", "NoncurrentVersionTransition"}
#: Of the coreutils in ubi-micro, what a script may want; grep, sed and awk are not among them.
COREUTILS = ("cat", "cut", "dirname", "head", "sleep", "tr", "wc")
BUCKETS = ("datasets", "features", "models", "baselines", "results", "logs", "mlflow")
SECRETS = {
    "MINIO_ROOT_USER": "root",
    "MINIO_ROOT_PASSWORD": "root-secret",
    "GEOCROP_KEY": "geocrop",
    "GEOCROP_SECRET": "secret-1",
    "MLFLOW_KEY": "mlflow",
    "MLFLOW_SECRET": "secret-2",
    "NOTEBOOK_KEY": "notebook",
    "NOTEBOOK_SECRET": "secret-3",
}
#: Keeps buckets, users and policies as files, refuses what MinIO refuses, and writes down the words it got.
MC = """\
#!/bin/bash
set -eu
cd "$STATE"
echo "$*" >>words
case "$1 $2 ${3-}" in
  "alias set "*) [ ! -e down ] || { : >gone; exit 1; } ;;
  "mb --ignore-existing "*) : >"bucket-${3#store/}" ;;
  "mb "*) [ ! -e "bucket-${2#store/}" ] || exit 1; : >"bucket-${2#store/}" ;;
  "anonymous set "*) [ -e "bucket-${4#store/}" ] ;;
  "ilm rule import") cat >"lifecycle-${4#store/}" ;;
  "admin config set") [ "$4 $5" = "store api" ] ;;
  "admin policy create") cat "$6" >"policy-$5" ;;
  "admin user add") echo "$6" >"user-$5" ;;
  "admin policy attach")
    [ -e "policy-$5" ] && [ -e "user-$7" ] && [ ! -e "attached-$7" ] && [ ! -e refuses ] || exit 1
    echo "$5" >"attached-$7" ;;
  "admin user info")
    policy=
    [ ! -e "attached-$5" ] || read -r policy <"attached-$5"
    printf 'AccessKey: %s\\nStatus: enabled\\nPolicyName: %s\\nMemberOf: []\\n' "$5" "$policy" ;;
  *) exit 64 ;;
esac
"""


class Trial:
    """The script in a folder with its policies, as the Job and compose mount it."""

    def __init__(self, folder: Path) -> None:
        """Lay out the script, a PATH of the image's, and the empty server."""
        self.setup, self.programs, self.state = (folder / name for name in ("setup", "bin", "state"))
        for one in (self.setup, self.programs, self.state):
            one.mkdir()
        for path in (FOLDER / "setup.sh", *POLICIES.glob("*.json")):
            shutil.copy(path, self.setup)
        for name in COREUTILS:
            found = shutil.which(name)
            assert found is not None
            (self.programs / name).symlink_to(found)
        (self.programs / "mc").write_text(MC)
        (self.programs / "mc").chmod(0o755)

    def run(self, **secrets: str) -> subprocess.CompletedProcess[str]:
        """Run the script as the Job does; the image's `sh` is bash."""
        return subprocess.run(
            ["/bin/bash", "--posix", str(self.setup / "setup.sh")],
            env={"PATH": str(self.programs), "STATE": str(self.state)} | SECRETS | secrets,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def words(self) -> list[str]:
        """Return the commands that `mc` got, and forget them."""
        found = (self.state / "words").read_text().splitlines()
        (self.state / "words").unlink()
        return [one.replace(f"{self.setup}{os.sep}", "") for one in found]

    def server(self) -> dict[str, str]:
        """Return what the server keeps."""
        return {path.name: path.read_text() for path in sorted(self.state.iterdir()) if path.name != "words"}


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path)


def rules() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in LIFECYCLES:
        for rule in json.loads(path.read_text())["Rules"]:
            yield path.name, rule


def wanted() -> list[str]:
    """Return the commands in their order."""
    made = [
        line
        for name in BUCKETS
        for line in (f"mb --ignore-existing store/geocrop-{name}", f"anonymous set none store/geocrop-{name}")
    ]
    users = [
        line
        for name, secret in (("geocrop", "secret-1"), ("mlflow", "secret-2"), ("notebook", "secret-3"))
        for line in (
            f"admin policy create store {name} {name}.json",
            f"admin user add store {name} {secret}",
            f"admin policy attach store {name} --user {name}",
            f"admin user info store {name}",
        )
    ]
    return [
        "alias set store http://minio:9000 root root-secret",
        *made,
        "ilm rule import store/geocrop-logs",
        "admin config set store api stale_uploads_expiry=24h",
        *users,
    ]


def test_every_lifecycle_rule_is_one_that_minio_takes() -> None:
    found = list(rules())
    assert found
    for file, rule in found:
        assert rule["Status"] in {"Enabled", "Disabled"}, file
        assert len(rule["ID"]) <= 255, file
        assert "Filter" in rule, file
        assert ACTIONS & set(rule), f"{file}: MinIO refuses the rule {rule['ID']!r} as not well-formed"
        assert "AbortIncompleteMultipartUpload" not in rule, f"{file}: MinIO forgets this part of {rule['ID']!r}"


def test_what_runs_printed_goes_after_a_quarter() -> None:
    (rule,) = [rule for file, rule in rules() if file == "lifecycle-logs.json"]
    assert (rule["Filter"], rule["Expiration"]) == ({"Prefix": "dagster/"}, {"Days": 90})


def test_buckets_lifecycles_and_users_are_made(trial: Trial) -> None:
    done = trial.run()
    assert done.returncode == 0, done.stderr
    assert trial.words() == wanted()
    server = trial.server()
    assert server["lifecycle-geocrop-logs"] == (POLICIES / "lifecycle-logs.json").read_text()
    assert {name for name in server if name.startswith("attached-")} == {
        "attached-geocrop",
        "attached-mlflow",
        "attached-notebook",
    }


def test_a_second_run_does_no_harm(trial: Trial) -> None:
    assert trial.run().returncode == 0
    trial.words()
    before = trial.server()
    again = trial.run()
    assert again.returncode == 0, again.stderr
    assert trial.words() == wanted()
    assert trial.server() == before


def test_a_new_secret_is_that_of_the_same_user_with_the_same_rights(trial: Trial) -> None:
    assert trial.run().returncode == 0
    before = trial.server()
    assert trial.run(GEOCROP_SECRET="another").returncode == 0
    assert trial.server() == before | {"user-geocrop": "another\n"}


def test_a_user_without_its_policy_is_a_failure_although_it_bears_the_policys_name(trial: Trial) -> None:
    (trial.state / "refuses").touch()
    done = trial.run()
    assert done.returncode == 1
    assert "the user geocrop has not got the policy geocrop" in done.stderr


def test_it_waits_for_minio(trial: Trial) -> None:
    (trial.state / "down").touch()
    (trial.programs / "sleep").unlink()
    (trial.programs / "sleep").write_text('#!/bin/bash\nexec /bin/rm "$STATE/down"\n')
    (trial.programs / "sleep").chmod(0o755)
    done = trial.run()
    assert done.returncode == 0, done.stderr
    assert "waiting for MinIO" in done.stdout
    assert (trial.state / "gone").exists()


def test_minio_deletes_unfinished_uploads_as_soon_as_housekeeping() -> None:
    """Of MLflow's bucket housekeeping knows nothing."""
    hours = re.findall(r"stale_uploads_expiry=(\d+)h", (FOLDER / "setup.sh").read_text())
    assert [timedelta(hours=int(one)) for one in hours] == [INCOMPLETE_AFTER]
