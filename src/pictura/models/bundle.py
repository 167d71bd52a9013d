"""A `Bundle`: a trained method as numbers and words, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from pictura.runtime.errors import PicturaError, did_you_mean


@dataclass(frozen=True, eq=False)
class Bundle:
    """A trained method.

    Attributes:
        method: the method's name, ``johnson``.
        settings: all that rebuilds its networks, as plain values that JSON can hold.
        tensors: ``<network>.<key>`` → weights on the CPU.
        about: what is known of it, for people: title, does, paper, data, licence, metric, step, command.
        source: where it was read from, for errors.
    """

    method: str
    settings: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    about: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    @classmethod
    def of(
        cls,
        method: str,
        settings: Mapping[str, Any],
        networks: Mapping[str, nn.Module],
        about: Mapping[str, Any] | None = None,
    ) -> "Bundle":
        """The weights of networks as they are now: copies, on the CPU, laid out one after another."""
        tensors = {
            f"{name}.{key}": tensor.detach().to("cpu", copy=True).contiguous()
            for name, network in networks.items()
            for key, tensor in network.state_dict().items()
        }
        return cls(method, dict(settings), tensors, dict(about or {}))

    def check(self, networks: Mapping[str, nn.Module]) -> None:
        """Compare keys and shapes with networks that were built with the bundle's settings; they may be on "meta".

        Raises:
            PicturaError: a key is missing, unknown or of another shape.
        """
        self._check_tensors(
            {f"{name}.{key}": t for name, network in networks.items() for key, t in network.state_dict().items()}
        )

    def fill(self, networks: Mapping[str, nn.Module]) -> None:
        """Put the weights into networks that were built with the bundle's settings.

        Raises:
            PicturaError: a key is missing, unknown or of another shape; then no network is changed.
        """
        self.check(networks)
        for name, network in networks.items():
            prefix = f"{name}."
            state = {key.removeprefix(prefix): t for key, t in self.tensors.items() if key.startswith(prefix)}
            network.load_state_dict(state, strict=True)

    def _check_tensors(self, needed: Mapping[str, Tensor]) -> None:
        name = f"'{self.source}'" if self.source else f"the model of {self.method}"
        if missing := sorted(needed.keys() - self.tensors.keys()):
            raise PicturaError(
                f"{_capitalize(name)} is missing '{missing[0]}': the file is truncated or its settings describe "
                "another network."
            )
        if unknown := sorted(self.tensors.keys() - needed.keys()):
            guess = did_you_mean(unknown[0], needed)
            raise PicturaError(f"{_capitalize(name)} contains '{unknown[0]}', which its network does not have.{guess}")
        for key, tensor in needed.items():
            if (shape := tuple(self.tensors[key].shape)) != tuple(tensor.shape):
                raise PicturaError(
                    f"'{key}' in {name} has shape {shape} where its settings require {tuple(tensor.shape)}: "
                    "the settings describe another network."
                )

    def to_half(self) -> "Bundle":
        """The same with filters in float16, half the bytes; what has one dimension (biases, norms) stays as it is."""

        def half(tensor: Tensor) -> Tensor:
            return tensor.half() if tensor.dtype == torch.float32 and tensor.dim() > 1 else tensor

        return replace(self, tensors={key: half(tensor) for key, tensor in self.tensors.items()})


def _capitalize(words: str) -> str:
    return words[:1].upper() + words[1:]
