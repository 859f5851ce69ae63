"""The object store as a Dagster resource: a folder, or S3 when it has an endpoint."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from dagster import ConfigurableResource, EnvVar
from pydantic import Field, model_validator

from resources.object_store import FolderStore, ObjectStore, S3Store


class ObjectStoreResource(ConfigurableResource):  # type: ignore[type-arg]
    """Where objects live: `root` for a folder, or `endpoint` with its keys for S3.

    Dagster's UI shows the values of resources, so give the secret as `EnvVar("AWS_SECRET_ACCESS_KEY")`: then the UI
    shows that name only. Resolved here too, so the resource works outside of a run.
    """

    root: str | None = Field(default=None, description="Folder of the embedded store; used when there is no endpoint.")
    endpoint: str | None = Field(default=None, description="host:port (or http(s) address) of an S3 server.")
    access_key: str | None = Field(default=None, description="S3 access key id.")
    secret_key: str | None = Field(
        default=None, description="S3 secret; give it as EnvVar.", json_schema_extra={"dagster__is_secret": True}
    )
    secure: bool = Field(default=True, description="Whether S3 is reached by TLS.")
    region: str = Field(default="us-east-1", description="The region that S3 requests are signed for.")

    @model_validator(mode="after")
    def _is_complete(self) -> ObjectStoreResource:
        if not self.endpoint and not self.root:
            raise ValueError("give the store a root (a folder) or an endpoint (S3)")
        if self.endpoint and (self.access_key is None or self.secret_key is None):
            raise ValueError("an S3 endpoint needs access_key and secret_key: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY")
        return self

    @cached_property
    def store(self) -> ObjectStore:
        """The object store; one client per resource and process."""
        if self.endpoint:
            access, secret = _resolved(self.access_key), _resolved(self.secret_key)
            return S3Store(self.endpoint, access, secret, secure=self.secure, region=self.region)
        return FolderStore(Path(self.root or ""))


def _resolved(value: str | None) -> str:
    """Return a field's text; an EnvVar is still a name when the resource is used outside of a run."""
    if isinstance(value, EnvVar):
        found = value.get_value()
        if found is None:
            raise ValueError(f"the environment variable {value.env_var_name} is not set")
        return found
    return value or ""
