"""Where an asset's partition lies in a bucket: `<asset>/<partition part>/<partition part>`, and errors that name it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, cast, get_args, get_origin

from training.errors import GeocropError

if TYPE_CHECKING:
    from dagster import InputContext, OutputContext


class NotMaterialized(GeocropError):
    """Materialize the asset partition that the message names first: what it would hold is not in the store."""

    code: ClassVar[str] = "not-materialized"


def object_path(asset_path: Iterable[str], partition: str | None) -> str:
    """Return the key, without suffix, of an asset's partition (None: an asset without partitions).

    The parts of a multi-partition key nest, in the order of the dimensions' names.
    """
    return "/".join(map(_segment, [*asset_path, *_parts(partition)]))


def output_path(context: OutputContext) -> str:
    """Return the key, without suffix, of the one partition that a step writes."""
    partition = context.partition_key if context.has_partition_key else None
    return object_path(context.asset_key.path, partition)


def input_paths(context: InputContext) -> dict[str | None, str]:
    """Return the keys, without suffix, of the partitions that a step reads: partition -> key, in order."""
    path = context.asset_key.path
    if not context.has_asset_partitions:
        return {None: object_path(path, None)}
    return {key: object_path(path, _typed(context, key)) for key in sorted(context.asset_partition_keys)}


def wants_many(context: InputContext, paths: dict[str | None, str]) -> bool:
    """Tell whether an input is a dict of partition -> value: it says so, or there is not exactly one partition."""
    return get_origin(context.dagster_type.typing_type) is dict or len(paths) != 1


def wanted_type(context: InputContext) -> Any:  # noqa: ANN401
    """Return the annotated type of an input, or of the values of a dict of partitions."""
    given = context.dagster_type.typing_type
    return get_args(given)[1] if get_origin(given) is dict else given


def not_materialized(context: InputContext, partition: str | None, where: str) -> NotMaterialized:
    """Return the error of an upstream partition that is not in the store."""
    name = context.asset_key.to_user_string()
    part = f", partition {partition}," if partition is not None else ""
    wish = f"{name} for {partition}" if partition is not None else name
    return NotMaterialized(f"asset {name}{part} is not in the store ({where}): materialize {wish} first")


def _typed(context: InputContext, key: str) -> str:
    """Return a multi-partition key with its dimensions; Dagster hands inputs plain text."""
    from dagster import MultiPartitionKey, MultiPartitionsDefinition

    definition = context.asset_partitions_def
    if isinstance(definition, MultiPartitionsDefinition) and not isinstance(key, MultiPartitionKey):
        return cast(str, definition.get_partition_key_from_str(key))
    return key


def _parts(partition: str | None) -> list[str]:
    from dagster import MultiPartitionKey

    if partition is None:
        return []
    if isinstance(partition, MultiPartitionKey):
        return [part for _, part in sorted(partition.keys_by_dimension.items())]
    return [partition]


def _segment(text: str) -> str:
    """Return a text as one segment of a key: what would split, hide or break it is written as %XX."""
    unsafe = "%/\\"
    escaped = "".join(f"%{ord(letter):02X}" if letter in unsafe or letter < " " else letter for letter in text)
    return f"%2E{escaped[1:]}" if escaped.startswith(".") else escaped
