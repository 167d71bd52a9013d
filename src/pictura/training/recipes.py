"""Recipes: TOML files with the settings of a training, ``<method>[-variant].toml``.

    about = "one line"
    [method]  # the method's settings
    [train]   # those of the loop
    [data]    # how the data are read

A recipe says only what differs from the defaults; the caller, who validates the tables, knows the settings.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pictura.runtime.documents import parse_toml, read_toml
from pictura.runtime.errors import PicturaError, did_you_mean, reason

RECIPES_FOLDER = Path(__file__).parents[1] / "assets" / "recipes"
TABLES = ("method", "train", "data")
Recipe = dict[str, dict[str, Any]]  # table → key → value
# Names that settings had in earlier versions: models, checkpoints and recipes may still say them.
RENAMED_SETTINGS = {"optimiser": "optimizer"}


def recipe_names() -> list[str]:
    """The shipped recipes."""
    return sorted(path.stem for path in RECIPES_FOLDER.glob("*.toml"))


def read_recipe(source: str | Path) -> Recipe:
    """A shipped recipe by name, or a file; all `TABLES` are there, empty if it has none.

    Raises:
        PicturaError: there is none, it is no TOML, or it has another table.
    """
    path = RECIPES_FOLDER / f"{source}.toml" if str(source) in recipe_names() else Path(source)
    try:
        values = read_toml(path)
    except FileNotFoundError as error:
        guess = did_you_mean(str(source), recipe_names())
        raise PicturaError(f"There is no recipe '{source}', neither shipped nor as a file.{guess}") from error
    except (OSError, ValueError) as error:
        raise PicturaError(f"The recipe '{source}' cannot be read: {reason(error)}.") from error
    for name, value in values.items():
        if name not in (*TABLES, "about"):
            raise PicturaError(f"The recipe '{source}' has an unknown table '{name}'.{did_you_mean(name, TABLES)}")
        if name in TABLES and not isinstance(value, dict):
            raise PicturaError(f"'{name}' in '{source}' must be a table: start it with [{name}].")
    return {name: values.get(name, {}) for name in TABLES}


def apply_changes(recipe: Recipe, changes: Iterable[str], fields: Mapping[str, Iterable[str]]) -> Recipe:
    """The recipe after changes such as ``batch=8``, ``train.batch=8`` or ``method.layers.relu1_1=2``.

    A value is read as TOML and, where it is none, as text. A key without its table is looked for in `fields`, which
    names the settings of each.

    Raises:
        PicturaError: not KEY=VALUE, or a key that no table or more than one has.
    """
    result = {name: dict(table) for name, table in recipe.items()}
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or not key:
            raise PicturaError(f"'{change}' has no value; write KEY=VALUE, for example batch=8.")
        table, *path = _locate_setting(key, fields)
        within = result[table]
        for part in path[:-1]:
            inner = within.get(part)
            within[part] = dict(inner) if isinstance(inner, dict) else {}
            within = within[part]
        within[path[-1]] = _parse_value(text)
    return result


def _locate_setting(key: str, fields: Mapping[str, Iterable[str]]) -> list[str]:
    first, *rest = key.split(".")
    first = RENAMED_SETTINGS.get(first, first)
    if first in fields and rest:
        return [first, *rest]
    homes = [table for table, names in fields.items() if first in names]
    if len(homes) == 1:
        return [homes[0], first, *rest]
    if homes:
        raise PicturaError(f"'{first}' is a setting of {' and of '.join(homes)}: write {homes[0]}.{key}.")
    guess = did_you_mean(first, [name for names in fields.values() for name in names])
    raise PicturaError(f"Unknown setting '{first}'.{guess}")


def _parse_value(text: str) -> Any:
    try:
        return parse_toml(f"value = {text}")["value"]
    except ValueError:
        return text
