"""Training's settings as a Dagster resource, so that every hyperparameter is a field of the launchpad.

The schema is derived from `training.config.TrainingConfig`: a hyperparameter is declared once.
"""

from __future__ import annotations

import types
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Optional, Union, get_args, get_origin

import dagster as dg
import yaml
from pydantic import BaseModel, Field, ValidationError, create_model

from training.config import TrainingConfig
from training.errors import GeocropError

#: `variant` is the run's partition; setting it twice could contradict.
FROM_PARTITION = "variant"
_PLAIN = (bool, int, float, str)


def _config_type(annotation: object) -> object:
    """Return the type that Dagster's config system understands for a pydantic annotation.

    Bounds and unions of several kinds are not Dagster's to check: `TrainingConfig` does when the run starts.
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return config_class(annotation)
    if annotation in _PLAIN or origin is Literal:
        return annotation
    if origin is Annotated:
        return _config_type(inner[0])
    if origin in (Union, types.UnionType):
        kinds = [_config_type(one) for one in inner if one is not type(None)]
        return Optional[kinds[0]] if len(kinds) == 1 else Any  # noqa: UP045  # the kind is a value here
    return {tuple: list[str], dict: dict[str, Any]}.get(origin, Any)  # type: ignore[arg-type]


def config_class(model: type[BaseModel], *, skip: frozenset[str] = frozenset()) -> type[dg.Config]:
    """Return a Dagster `Config` class with the fields, defaults and descriptions of a pydantic model."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name in skip:
            continue
        kind = _config_type(field.annotation)
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            default = kind(**default.model_dump(mode="json"))
        elif isinstance(default, tuple):
            default = list(default)
        fields[name] = (kind, Field(default, description=field.description))
    return create_model(model.__name__, __base__=dg.Config, __doc__=model.__doc__, **fields)


TrainingFields = config_class(TrainingConfig, skip=frozenset({FROM_PARTITION}))


class TrainingSettings(dg.ConfigurableResource):
    """Seed, split and hyperparameters of a run: set `resources.training.config.settings` in the launchpad."""

    settings: TrainingFields = TrainingFields()  # type: ignore[valid-type]

    def config(self, variant: str = "Raw", *, cores: int | None = None) -> TrainingConfig:
        """Return the validated settings for a variant.

        Raises:
            pydantic.ValidationError: naming the field that is out of bounds.

        """
        given = self.settings.model_dump(mode="json")  # type: ignore[attr-defined]
        given[FROM_PARTITION] = variant
        if given.get("cores") is None:
            given["cores"] = cores
        return TrainingConfig.model_validate(given)


class InvalidTrainingDefaults(GeocropError):
    """Mend the file that GEOCROP_TRAINING_DEFAULTS names: docs/training.md lists the hyperparameters."""

    code: ClassVar[str] = "invalid-training-defaults"


def training_settings(defaults: Path | None) -> TrainingSettings:
    """Return the settings of trainings that name none: those of a YAML file over the built-in ones.

    Raises:
        InvalidTrainingDefaults: the file is not there, is no mapping, or names what does not exist or is out of bounds.

    """
    if defaults is None:
        return TrainingSettings()
    try:
        given = yaml.safe_load(defaults.read_text(encoding="utf-8")) or {}
        TrainingConfig.model_validate(given)
        return TrainingSettings(settings=TrainingFields(**given))
    except (OSError, yaml.YAMLError, ValidationError, TypeError) as error:
        raise InvalidTrainingDefaults(f"{defaults}: {error}") from error
