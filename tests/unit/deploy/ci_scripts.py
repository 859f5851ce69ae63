"""What tests of the workflow's scripts share: an overlay, the workflow, and an environment to run them in."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.unit.deploy.manifests import REPO

CI = REPO / "deploy" / "ci"
OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
# images: this comment is none
namespace: geocrop
images:
  - name: geocrop-code # the code location
    newName: git.example.org/geocrop/geocrop-code
    newTag: "0123456789ab" # by the workflow
  - name: docker.io/library/postgres
    newTag: 15.10
  - newName: git.example.org/geocrop/other
    name: other
  - name: geocrop-api
    newTag: old
    newName: git.example.org/geocrop/geocrop-api
patches:
  - path: a.yaml
"""


def load_workflow() -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((REPO / ".gitea" / "workflows" / "build-push.yaml").read_text())
    return found


def deployed() -> list[str]:
    """Return the files that a push to main bumps."""
    found: list[str] = load_workflow()["env"]["DEPLOYED"].split()
    return found


def environment(**more: str) -> dict[str, str]:
    """Return the variables of a script whose `python3` is this one, which has PyYAML."""
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"} | more
