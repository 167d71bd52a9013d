"""From a safetensors file with torchvision's key names to the layers of a network; the architectures by name."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pictura.networks.compact import Compact
from pictura.networks.densenet import DENSENET_LAYERS, DenseNet
from pictura.networks.resnet import RESNET_BLOCKS, ResNet
from pictura.networks.squeezenet import SqueezeNet
from pictura.networks.vgg import CONVOLUTIONS, VGG
from pictura.runtime.downloads import open_safetensors
from pictura.runtime.errors import PicturaError, did_you_mean
from pictura.runtime.numbers import read_tensor

Chain = list[tuple[str, nn.Module]]
EncoderNetwork = VGG | ResNet | DenseNet | SqueezeNet | Compact

ARCHITECTURES: dict[str, Callable[[], EncoderNetwork]] = {
    "compact": Compact,
    "squeezenet1_1": SqueezeNet,
    **{name: partial(VGG, name) for name in CONVOLUTIONS},
    **{f"{name}_bn": partial(VGG, name, batch_norm=True) for name in CONVOLUTIONS},
    **{name: partial(ResNet, name) for name in RESNET_BLOCKS},
    **{name: partial(DenseNet, name) for name in DENSENET_LAYERS},
}

# What torchvision and timm call the layers behind the convolutions; an encoder has no use for them.
CLASSIFIERS = ("classifier.", "fc.", "head.", "pre_logits.")
COUNTER = "num_batches_tracked"  # batch norm's, of no use outside training and missing in some files
FILE_DTYPES = {"F16", "BF16", "F32", "F64"}


def read_network(build: Callable[[], EncoderNetwork], path: Path) -> tuple[EncoderNetwork, Chain]:
    """The network that `build` makes with the weights at `path`, in float32, and its layers as far as the file goes.

    Layers behind the last one in the file are left out of the chain; a key that is missing before that, misshapen,
    unknown or not finite raises PicturaError with its name.
    """
    with torch.device("meta"):  # no memory and no random numbers for weights that are replaced anyway
        network = build()
    with open_safetensors(path) as file:
        keys: list[str] = file.keys()
        held = {key for key in keys if not key.startswith(CLASSIFIERS) and not key.endswith(COUNTER)}
        chain, beyond = _cut_chain(network, held)
        if not chain:
            raise PicturaError(f"'{path}' holds no weights of this architecture: name the one it was made for.")
        needed = {k: v for k, v in network.state_dict().items() if not k.startswith(beyond)}
        counters = {key: torch.zeros((), dtype=torch.long) for key in needed if key.endswith(COUNTER)}
        _check_tensors({key: tensor for key, tensor in needed.items() if key not in counters}, held, file, path)
        state = {key: read_tensor(file, key, path) for key in sorted(held)}
    network.load_state_dict(state | counters, strict=False, assign=True)
    return network, chain


def _cut_chain(network: EncoderNetwork, held: set[str]) -> tuple[Chain, tuple[str, ...]]:
    """The layers as far as `held` has keys, with those after it that need none; and the rest's key prefixes."""
    prefixes = {module: f"{name}." for name, module in network.named_modules()}
    chain = list(network.chain())
    end = 0
    for i, (_, module) in enumerate(chain):
        follows = i == end and not module.state_dict()
        if follows or any(key.startswith(prefixes[module]) for key in held):
            end = i + 1
    return chain[:end], tuple(prefixes[module] for _, module in chain[end:])


def _check_tensors(needed: dict[str, Tensor], held: set[str], file: Any, path: Path) -> None:
    """Refuse a file with other keys or shapes than `needed`, before anything big is read."""
    if missing := sorted(needed.keys() - held):
        raise PicturaError(f"'{path}' lacks '{missing[0]}': it is cut short, or made for another architecture.")
    if unknown := sorted(held - needed.keys()):
        guess = did_you_mean(unknown[0], needed)
        raise PicturaError(f"'{path}' holds '{unknown[0]}', which this architecture does not have.{guess}")
    for key, tensor in needed.items():
        part = file.get_slice(key)
        if tuple(part.get_shape()) != tuple(tensor.shape):
            raise PicturaError(
                f"'{key}' in '{path}' has shape {tuple(part.get_shape())} where {tuple(tensor.shape)} is needed: "
                "the file is made for another architecture."
            )
        if part.get_dtype() not in FILE_DTYPES:
            raise PicturaError(f"'{key}' in '{path}' is stored as {part.get_dtype()}: save it as F32 or F16.")
