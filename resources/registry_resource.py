"""The model registry as a Dagster resource: assets get the plain object by `dg.ResourceParam[ModelRegistry]`."""

from __future__ import annotations

from dagster import ConfigurableResource, InitResourceContext

from resources.registry import ModelRegistry


class ModelRegistryResource(ConfigurableResource[ModelRegistry]):
    """Where MLflow is, and the name of the model there; one registry a process."""

    tracking_uri: str
    artifact_root: str | None = None
    model_name: str = "geocrop"

    def create_resource(self, context: InitResourceContext) -> ModelRegistry:  # Dagster's signature
        """Return the registry that assets are given."""
        return ModelRegistry(
            tracking_uri=self.tracking_uri, artifact_root=self.artifact_root, model_name=self.model_name
        )
