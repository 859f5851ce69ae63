"""What the API imports knows no Dagster, and settings cost no heavy library."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import importlib, pkgutil, sys

def loaded(*names):
    return [name for name in names if name in sys.modules]

for name in ("resources.settings", "resources.registry", "resources.platform"):
    importlib.import_module(name)
assert not loaded("mlflow", "rasterio", "pandas", "sklearn", "dagster"), sorted(sys.modules)
for name in ("publish", "bundles", "evidence", "promotion", "layout", "object_store", "rules", "aois"):
    importlib.import_module(f"resources.{name}")
importlib.import_module("sensors.tags")
for package in ("imagery", "training"):
    folder = importlib.import_module(package).__path__
    for module in pkgutil.walk_packages(folder, f"{package}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
            assert not loaded("dagster"), f"{module.name} imports dagster"
assert not loaded("dagster")
"""


def test_what_the_api_uses_imports_without_dagster() -> None:
    words = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
