"""Recipes are data files: built-in ones by name, others by path, and those that extend another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import ValidationError

from imagery.recipe_model import Recipe
from training.errors import GeocropError

__all__ = ["InvalidRecipe", "Recipe", "RecipeNotFound", "list_recipes", "load_recipe"]

BUILT_IN = Path(__file__).parent / "recipes"
MAX_BYTES = 200_000  # the largest built-in recipe has 4 kB
MAX_DEPTH = 5  # recipes that extend recipes


class RecipeNotFound(GeocropError):
    """Name one of the recipes that exist (the message lists them), or give the path of a recipe file."""

    code: ClassVar[str] = "recipe-not-found"


class InvalidRecipe(GeocropError):
    """Mend the recipe file: the message names the file, the field and what to write there (docs/recipes.md)."""

    code: ClassVar[str] = "invalid-recipe"


def list_recipes(extra_dirs: Sequence[Path] = ()) -> list[str]:
    """Return the names of all recipes, sorted: built-in ones and the YAML files of `extra_dirs`."""
    return sorted({path.stem for folder in (*extra_dirs, BUILT_IN) for path in Path(folder).glob("*.yaml")})


def load_recipe(name_or_path: str | Path, extra_dirs: Sequence[Path] = ()) -> Recipe:
    """Read and validate a recipe: `s2-season`, `s2-season@1`, or the path of a YAML file.

    A file of `extra_dirs` comes before a built-in one of the same name.

    Raises:
        RecipeNotFound: no recipe has this name (or this version).
        InvalidRecipe: the file breaks a rule; the message says which file, which field and why.

    """
    name, _, version = str(name_or_path).partition("@")
    path = _find(name, extra_dirs)
    content = _resolved(path, extra_dirs, MAX_DEPTH)
    try:
        recipe = Recipe.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(_told(one["loc"], one["msg"]) for one in error.errors())
        raise InvalidRecipe(f"{path}: {problems}") from error
    if version and version != str(recipe.version):
        raise RecipeNotFound(f"recipe {name} has version {recipe.version}, not {version}")
    return recipe


def _told(location: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part) for part in location)
    return f"{where}: {message}" if where else message.removeprefix("Value error, ")


def _find(name: str, extra_dirs: Sequence[Path]) -> Path:
    """Return the file of a recipe; a name never leaves the recipe folders, a path ends in .yaml or .yml."""
    if name.endswith((".yaml", ".yml")):
        if Path(name).is_file():
            return Path(name)
        raise RecipeNotFound(f"there is no recipe file {name}")
    known = list_recipes(extra_dirs)
    if name not in known:
        raise RecipeNotFound(f"there is no recipe {name!r}; there are {', '.join(known)}")
    candidates = [Path(folder) / f"{name}.yaml" for folder in (*extra_dirs, BUILT_IN)]
    return next(path for path in candidates if path.is_file())


def _resolved(path: Path, extra_dirs: Sequence[Path], depth: int) -> dict[str, Any]:
    """Read a file and put it over the recipe it extends: mappings field by field, null takes a field away."""
    content = _read(path)
    base = content.pop("extends", None)
    if base is None:
        return content
    if depth == 0:
        raise InvalidRecipe(f"{path}: extends: more than {MAX_DEPTH} recipes extend each other; is there a circle?")
    missing = [field for field in ("name", "version") if field not in content]
    if missing:
        raise InvalidRecipe(f"{path}: {', '.join(missing)}: a recipe that extends another has its own name and version")
    beside = path.parent / str(base)
    base_path = beside if beside.suffix and beside.is_file() else _find(str(base), extra_dirs)
    return _merged(_resolved(base_path, extra_dirs, depth - 1), content)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _merged(result[key], value)
        else:
            result[key] = value
    return result


def _read(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MAX_BYTES:
        raise InvalidRecipe(f"{path}: a recipe has at most {MAX_BYTES} bytes")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidRecipe(f"{path}: this is not YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict):
        raise InvalidRecipe(f"{path}: a recipe is a mapping of fields: name, version, collection, assets, ...")
    return content
