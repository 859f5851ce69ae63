"""Podman, base images and ours, made once for all slow tests of deployment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.deploy_slow.podman import NEEDED, Podman, node_image, opened, python_image


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    missing = [name for name in NEEDED if shutil.which(name) is None]
    reason = f"apt-get install {' '.join(missing)}" if missing else "root is needed" if os.getuid() else ""
    if reason:
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    with opened() as mine:
        yield mine


@pytest.fixture(scope="session")
def base(podman: Podman) -> str:
    return python_image(podman)


@pytest.fixture(scope="session")
def code_image(podman: Podman, base: str) -> str:
    return podman.build("code", PYTHON_IMAGE=base)


@pytest.fixture(scope="session")
def api_image(podman: Podman, base: str) -> str:
    return podman.build("api", PYTHON_IMAGE=base, NODE_IMAGE=node_image(podman, base))


@pytest.fixture(scope="session")
def notebook_image(podman: Podman, code_image: str) -> str:
    return podman.build("notebook", CODE_IMAGE=code_image)


@pytest.fixture(scope="session")
def ray_image(podman: Podman, code_image: str) -> str:
    return podman.build("ray", CODE_IMAGE=code_image)
