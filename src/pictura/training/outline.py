"""A method whose networks have shapes and no numbers: what settings ask for, before anything of that size is made."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from pictura.training.method import Method
from pictura.training.settings import MethodSettings

# First weights from a distribution. On "meta" they are nothing, but for the first of them torch loads its compiler,
# which takes two seconds.
_DRAWN = frozenset({nn.init.normal_, nn.init.trunc_normal_, torch.Tensor.normal_})


def outline_method(kind: type[Method], settings: MethodSettings) -> Method:
    """A method on torch's device "meta"; it takes milliseconds and no memory."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"), _WithoutDrawing():
        return kind(settings)


class _WithoutDrawing(TorchFunctionMode):
    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func in _DRAWN:
            tensor = args[0] if args else kwargs["tensor"]
            if tensor.is_meta:
                return tensor
        return func(*args, **kwargs)
