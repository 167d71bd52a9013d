"""Nested states (an optimiser's) as flat tensors and JSON, so that no pickle is needed to keep them."""

from typing import Any

from torch import Tensor


def flatten_state(value: Any, tensors: dict[str, Tensor], path: str) -> Any:
    """`value` as JSON can hold it; each tensor in it goes into `tensors` under its path."""
    if isinstance(value, Tensor):
        tensors[path] = value
        return {"tensor": path}
    if isinstance(value, dict):
        return {"items": [[key, flatten_state(item, tensors, f"{path}.{key}")] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        items = [flatten_state(item, tensors, f"{path}.{i}") for i, item in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{path} is a {type(value).__name__}, which a checkpoint cannot hold")


def unflatten_state(value: Any, tensors: dict[str, Tensor]) -> Any:
    """What `flatten_state` was given."""
    if isinstance(value, list):
        return [unflatten_state(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        return tensors[value["tensor"]]
    if "tuple" in value:
        return tuple(unflatten_state(item, tensors) for item in value["tuple"])
    return {key: unflatten_state(item, tensors) for key, item in value["items"]}
