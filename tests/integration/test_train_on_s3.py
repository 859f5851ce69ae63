"""`python -m training.train` as a Kubernetes Job runs it: a dataset and an output on a real S3 server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from resources.object_store import S3Store
from training.bundle import ModelBundle

if TYPE_CHECKING:
    from tests.integration.servers import S3Server

pytestmark = pytest.mark.integration

FEW = {"rounds": 8, "min_rounds": 2, "patience": 2}
QUICK = {
    "forest": {"n_estimators": 8},
    "xgboost": FEW,
    "lightgbm": FEW,
    "catboost": FEW,
    "folds": 3,
    "scout": {"enabled": False},
}


def table(rows: int = 240) -> pd.DataFrame:
    """Return samples of two classes that the first feature tells apart, in 24 blocks."""
    rng = np.random.default_rng(1)
    is_maize = rng.random(rows) < 0.5
    return pd.DataFrame(
        {
            "label": np.where(is_maize, "maize", "water"),
            "block": [f"b{number % 24}" for number in range(rows)],
            "ndvi_sep": is_maize * 0.5 + rng.normal(0, 0.1, rows),
            "ndvi_oct": rng.normal(0, 0.1, rows),
        }
    )


def test_a_job_trains_from_s3_to_s3(s3_server: S3Server, tmp_path: Path) -> None:
    store = S3Store(s3_server.endpoint, s3_server.access_key, s3_server.secret_key, secure=False)
    bucket = f"test-{uuid.uuid4().hex[:12]}"
    store.ensure_buckets([bucket])
    store.put(bucket, "table.csv", table().to_csv(index=False).encode())
    environment = os.environ | {
        "DATASET_PATH": f"s3://{bucket}/table.csv",
        "OUTPUT_PATH": f"s3://{bucket}/out",
        "MODEL_VARIANT": "Raw",
        "MINIO_ENDPOINT": s3_server.endpoint,
        "AWS_ACCESS_KEY_ID": s3_server.access_key,
        "AWS_SECRET_ACCESS_KEY": s3_server.secret_key,
        "HYPERPARAMETERS": json.dumps(QUICK),
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "training.train"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(store.get(bucket, "out/evaluation.json"))
    prefix = f"out/{facts['bundle']}/"
    for one in store.list(bucket, prefix):
        path = tmp_path / "bundle" / one.key.removeprefix(prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        store.download(bucket, one.key, path)
    bundle = ModelBundle.load(tmp_path / "bundle")
    assert bundle.hash == facts["bundle_hash"]
    assert bundle.classes == ("maize", "water")
    assert facts["evaluation"]["scores"]["overall_accuracy"]["value"] > 0.8
