"""How assets' values reach the object store and come back: tables as (Geo)Parquet, models as folders of files.

Rasters never pass here: assets publish them themselves, window by window.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import pandas as pd
from dagster import ConfigurableIOManager, InputContext, MetadataValue, OutputContext

from resources.asset_keys import input_paths, not_materialized, output_path, wanted_type, wants_many
from resources.folders import fetch_folder, publish_folder, read_pointer
from resources.object_store import ObjectNotFound
from resources.store_resource import ObjectStoreResource
from resources.tables import column_schema, read_table, write_table

if TYPE_CHECKING:
    from resources.object_store import ObjectStore


@runtime_checkable
class Saved(Protocol):
    """A value that is a folder of files: it writes itself there, and its class reads it back."""

    def save(self, folder: Path, /) -> object:
        """Write the value into an empty folder."""


class _StoreIOManager(ConfigurableIOManager):
    """What both managers share: the store, the bucket, and which partitions an input means."""

    store: ObjectStoreResource
    bucket: str

    @property
    def _objects(self) -> ObjectStore:
        return self.store.store

    def load_input(self, context: InputContext) -> Any:  # noqa: ANN401
        """Return the value of one partition, or a dict of partition -> value where the input wants several.

        NotMaterialized, with the asset and the partition to materialize, when one is not in the store.
        """
        paths = input_paths(context)
        values = {partition: self._load(context, partition, path) for partition, path in paths.items()}
        return values if wants_many(context, paths) else next(iter(values.values()))

    def _load(self, context: InputContext, partition: str | None, path: str) -> object:
        raise NotImplementedError


class GeoParquetIOManager(_StoreIOManager):
    """Frames as `<asset>/<partition parts>.parquet` in `bucket`, GeoParquet when they have a geometry.

    `frame.attrs` is kept. Materializations show rows, columns, size and address.
    """

    def handle_output(self, context: OutputContext, obj: pd.DataFrame) -> None:
        """Write one partition's frame; TypeError for anything else."""
        if not isinstance(obj, pd.DataFrame):
            raise TypeError(f"{context.asset_key.to_user_string()} must be a DataFrame, not {type(obj).__name__}")
        key = f"{output_path(context)}.parquet"
        with tempfile.TemporaryDirectory(prefix="geocrop-table-") as folder:
            path = Path(folder) / "table.parquet"
            write_table(obj, path)
            put = self._objects.put_file(self.bucket, key, path, content_type="application/vnd.apache.parquet")
        context.add_output_metadata(
            {
                "dagster/row_count": len(obj),
                "dagster/column_schema": column_schema(obj),
                "columns": len(obj.columns),
                "size_bytes": put.size,
                "uri": MetadataValue.url(self._objects.uri(self.bucket, key)),
            }
        )

    def _load(self, context: InputContext, partition: str | None, path: str) -> pd.DataFrame:
        with tempfile.TemporaryDirectory(prefix="geocrop-table-") as folder:
            local = Path(folder) / "table.parquet"
            try:
                self._objects.download(self.bucket, f"{path}.parquet", local)
            except ObjectNotFound as error:
                raise not_materialized(context, partition, f"{self.bucket}/{path}.parquet") from error
            return read_table(local)


class ModelBundleIOManager(_StoreIOManager):
    """Values with `save(folder)` and a classmethod `load(folder)`, by the hash of their files.

    Files lie under `<asset>/<partition>/<sha256>/`; `<asset>/<partition>/current.json`, put last, points at them.
    The type to load is the input's annotation. `load` must read all it needs: its folder goes afterwards.
    The previous folder stays; older ones are removed here, a day later at the earliest.
    """

    def handle_output(self, context: OutputContext, obj: Saved) -> None:
        """Write one partition's value; TypeError when it has no `save`."""
        if not isinstance(obj, Saved):
            raise TypeError(f"{context.asset_key.to_user_string()}: {type(obj).__name__} has no save(folder)")
        prefix = output_path(context)
        with tempfile.TemporaryDirectory(prefix="geocrop-bundle-") as folder:
            obj.save(Path(folder))
            facts = publish_folder(self._objects, self.bucket, prefix, Path(folder))
        context.add_output_metadata(
            {
                "files": len(facts.files),
                "size_bytes": facts.size,
                "sha256": facts.sha256,
                "uri": MetadataValue.url(self._objects.uri(self.bucket, f"{prefix}/{facts.sha256}")),
            }
        )

    def _load(self, context: InputContext, partition: str | None, path: str) -> object:
        wanted = wanted_type(context)
        load = getattr(wanted, "load", None)
        if load is None:
            raise TypeError(
                f"annotate the input {context.name} with the class to load, one with a classmethod load(folder): "
                f"{wanted} has none"
            )
        facts = read_pointer(self._objects, self.bucket, path)
        if facts is None:
            raise not_materialized(context, partition, f"{self.bucket}/{path}")
        with tempfile.TemporaryDirectory(prefix="geocrop-bundle-") as folder:
            fetch_folder(self._objects, self.bucket, path, facts, Path(folder))
            return load(Path(folder))
