"""The networks of junyanz/pytorch-CycleGAN-and-pix2pix, recognized from the keys and shapes of their files.

A file is one network's bare state dict. Which network it is, of how many channels, and with which norm, stands nowhere
in it; it follows from the keys: ``conv_block`` means a ResNet, nested ``model.1.model`` a U-Net, a norm with a weight
batch norm. Whether a U-Net has dropout cannot be seen.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pictura.networks.layers.normalized import NormKind
from pictura.networks.patchgan import PATCHES, PatchGAN
from pictura.networks.resnet_generator import ResNetGenerator
from pictura.networks.translation import BLOCKS, LEVELS
from pictura.networks.unet import UNet
from pictura.runtime.errors import PicturaError
from pictura.training.settings import MAX_CHANNELS

# Running statistics: instance norm's were kept by torch 0.3 and 0.4 only; that project tests with batch norm's of the
# picture at hand, unless it is told --eval, as pictura does.
UNUSED = re.compile(r".*\.(running_mean|running_var|num_batches_tracked)")
Names = dict[str, str]  # our module → theirs


@dataclass(frozen=True)
class Recognized:
    """A network of that project.

    Attributes:
        kind: our name: ``resnet_9``, ``unet_256``, ``patch70`` …
        network: ours of the same shape, without numbers (on "meta").
        tensors: the file's, by our keys.
        settings: of the networks: norm, width, dropout where it can be seen.
    """

    kind: str
    network: nn.Module
    tensors: dict[str, Tensor]
    settings: dict[str, Any]

    @property
    def is_critic(self) -> bool:
        """A critic, or a generator."""
        return isinstance(self.network, PatchGAN)


def recognize(tensors: Mapping[str, Tensor], path: Path) -> Recognized:
    """Which network a file's tensors, without prefixes of DataParallel, are of.

    Raises:
        PicturaError: none of that project, or a key or shape is not that network's.
    """
    used = {key: tensor for key, tensor in tensors.items() if not UNUSED.fullmatch(key)}
    norm: NormKind = "batch" if any(t.dim() == 1 and k.endswith(".weight") for k, t in used.items()) else "instance"
    with torch.device("meta"):
        if any(".conv_block." in key for key in used):
            kind, network, names, settings = _resnet(used, norm, path)
        elif any(key.startswith("model.model.") for key in used):
            kind, network, names, settings = _unet(used, norm, path)
        else:
            kind, network, names, settings = _critic(used, norm, path)
    return Recognized(kind, network, _rename(used, network, names, kind, path), {"norm": norm, **settings})


Found = tuple[str, nn.Module, Names, dict[str, Any]]


def _resnet(tensors: Mapping[str, Tensor], norm: NormKind, path: Path) -> Found:
    indices = {int(m[1]) for key in tensors if (m := re.match(r"model\.(\d{1,4})\.conv_block\.", key))}
    blocks = len(indices)
    kind = next((name for name, count in BLOCKS.items() if count == blocks), None)
    if kind is None:
        raise PicturaError(f"'{path}' is a ResNet of {blocks} blocks; those of this project have 6 or 9.")
    width, inputs = _sides(tensors, "model.1.weight", path)
    outputs, _ = _sides(tensors, f"model.{17 + blocks}.weight", path)
    _check_colours(inputs, outputs, path)
    # With dropout between them the second convolution is number 6 of a block, behind reflection padding; else 5.
    number_six = tensors.get("model.10.conv_block.6.weight")
    dropout = number_six is not None and number_six.dim() == 4
    second = 6 if dropout else 5
    names = {"first": ("model.1", "model.2"), "down1": ("model.4", "model.5"), "down2": ("model.7", "model.8")}
    for block in range(blocks):
        inside = f"model.{10 + block}.conv_block"
        names[f"blocks.{block}.first"] = (f"{inside}.1", f"{inside}.2")
        names[f"blocks.{block}.second"] = (f"{inside}.{second}", f"{inside}.{second + 1}")
    for up, place in (("up1", 10 + blocks), ("up2", 13 + blocks)):
        names[up] = (f"model.{place}", f"model.{place + 1}")
    network = ResNetGenerator(blocks, norm, width=width, dropout=dropout)
    settings = {"generator_width": width, "dropout": "released" if dropout else "none"}
    return kind, network, _map_keys(names) | {"last": f"model.{17 + blocks}"}, settings


def _unet(tensors: Mapping[str, Tensor], norm: NormKind, path: Path) -> Found:
    levels = 2
    while f"{_level(levels + 1)}.1.weight" in tensors:
        levels += 1
    kind = next((name for name, count in LEVELS.items() if count == levels), None)
    if kind is None:
        raise PicturaError(f"'{path}' is a U-Net of {levels} levels; those of this project have 7 or 8.")
    width, inputs = _sides(tensors, "model.model.0.weight", path)
    _, outputs = _sides(tensors, "model.model.3.weight", path)  # transposed convolutions have inputs first
    _check_colours(inputs, outputs, path)
    names = {"downs.0": ("model.model.0", ""), "ups.0": ("model.model.3", "")}
    for level in range(1, levels):
        prefix, innermost = _level(level + 1), level == levels - 1
        names[f"downs.{level}"] = (f"{prefix}.1", f"{prefix}.2")
        names[f"ups.{level}"] = (f"{prefix}.3", f"{prefix}.4") if innermost else (f"{prefix}.5", f"{prefix}.6")
    return kind, UNet(levels, norm, width=width), _map_keys(names), {"generator_width": width}


def _level(number: int) -> str:
    """Where the modules of a U-Net's level are, the outermost being 1."""
    return "model.model.1.model" + ".3.model" * (number - 2)


def _critic(tensors: Mapping[str, Tensor], norm: NormKind, path: Path) -> Found:
    if "net.0.weight" in tensors:
        strides, places = 0, {"layers.0": ("net.0", ""), "layers.1": ("net.2", "net.3")}
        last, first = "net.5", "net.0"
    else:
        numbers = [
            int(m[1])
            for key, t in tensors.items()
            if (m := re.fullmatch(r"model\.(\d{1,4})\.weight", key)) and t.dim() == 4
        ]
        strides = (max(numbers, default=0) - 2) // 3
        places = {f"layers.{i}": (f"model.{max(0, 3 * i - 1)}", f"model.{3 * i}") for i in range(strides + 1)}
        last, first = f"model.{3 * strides + 2}", "model.0"
    kind = next((name for name, count in PATCHES.items() if count == strides), None)
    if kind is None or f"{first}.weight" not in tensors:
        raise PicturaError(f"'{path}' is no network of pytorch-CycleGAN-and-pix2pix: check --from and the file.")
    width, inputs = _sides(tensors, f"{first}.weight", path)
    network = PatchGAN(strides, norm, inputs=inputs, width=width)
    return kind, network, _map_keys(places) | {"last": last}, {"critic_width": width}


def _map_keys(names: Mapping[str, tuple[str, str]]) -> Names:
    """The names of a `NormalizedConv`'s convolution and norm."""
    pairs = [(f"{ours}.{part}", t) for ours, both in names.items() for part, t in zip(_PARTS, both, strict=True)]
    return dict(pairs)


_PARTS = ("convolution", "norm")


def _sides(tensors: Mapping[str, Tensor], key: str, path: Path) -> tuple[int, int]:
    """The first two sides of a filter: outputs and inputs."""
    if key not in tensors or tensors[key].dim() != 4:
        raise PicturaError(f"'{path}' has no filters '{key}', which a network of this kind has: the file is cut short.")
    first, second = tensors[key].shape[:2]
    if not 0 < min(first, second) <= max(first, second) <= MAX_CHANNELS:
        raise PicturaError(f"'{key}' in '{path}' has {first} × {second} filters, which no such network has.")
    return first, second


def _check_colours(inputs: int, outputs: int, path: Path) -> None:
    if (inputs, outputs) != (3, 3):
        raise PicturaError(
            f"'{path}' makes {outputs} channels of {inputs}; only networks from 3 to 3 can be used here."
        )


def _rename(
    tensors: Mapping[str, Tensor], network: nn.Module, names: Names, kind: str, path: Path
) -> dict[str, Tensor]:
    """The tensors by our keys, each of the shape that ours has."""
    renamed: dict[str, Tensor] = {}
    left = dict(tensors)
    for key, ours in network.state_dict().items():
        module, _, parameter = key.rpartition(".")
        theirs = f"{names[module]}.{parameter}"
        if theirs not in left:
            raise PicturaError(f"'{path}' is missing '{theirs}', which a {kind} has: the file is cut short.")
        renamed[key] = left.pop(theirs)
        if renamed[key].shape != ours.shape:
            raise PicturaError(
                f"'{theirs}' in '{path}' has shape {tuple(renamed[key].shape)} where a {kind} of its width has "
                f"{tuple(ours.shape)}: it is a network of another kind."
            )
    if left:
        raise PicturaError(f"'{path}' contains {next(iter(left))!a}, which a {kind} of this project does not.")
    return renamed
