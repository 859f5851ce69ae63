"""Runs on Kubernetes: a module of its own, so that one machine needs no Kubernetes client."""

from __future__ import annotations

from dagster_k8s import K8sRunLauncher

from resources.lanes.launcher import LaneLauncherMixin


class LaneK8sRunLauncher(LaneLauncherMixin, K8sRunLauncher):
    """The interactive lane's runs in warm processes, others in a pod each."""
