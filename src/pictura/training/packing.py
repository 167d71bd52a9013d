"""Nested states (an optimiser's) as flat tensors and JSON, so that no pickle is needed to keep them."""

from typing import Any

from torch import Tensor


def packed(value: Any, tensors: dict[str, Tensor], path: str) -> Any:
    """`value` as JSON can hold it; each tensor in it goes into `tensors` under its path."""
    if isinstance(value, Tensor):
        tensors[path] = value
        return {"tensor": path}
    if isinstance(value, dict):
        return {"items": [[key, packed(item, tensors, f"{path}.{key}")] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        items = [packed(item, tensors, f"{path}.{i}") for i, item in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{path} is a {type(value).__name__}, which a checkpoint cannot hold")


def unpacked(value: Any, tensors: dict[str, Tensor]) -> Any:
    """What `packed` was given."""
    if isinstance(value, list):
        return [unpacked(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        return tensors[value["tensor"]]
    if "tuple" in value:
        return tuple(unpacked(item, tensors) for item in value["tuple"])
    return {key: unpacked(item, tensors) for key, item in value["items"]}
