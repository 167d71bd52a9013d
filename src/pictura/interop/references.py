"""The weights of other projects that pictura can take over: their keys and shapes, and which method they are of.

All of it is data; `converting` does the work. A row says what is published under that name, so that a file which
differs is refused with the key that does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Reference:
    """A network of another project.

    Attributes:
        method, settings: what it is in pictura.
        paper: one line, for the card.
        licence: of the project's own released weights; those of others have their own.
        keys: their key → shape.
        prefix: what ours has before it.
        modules: their module → ours, where they differ.
        ignored_keys: regular expressions of keys that are unused and may be there or not.
        name_setting: the setting that gets the file's name, a list of names of styles.
    """

    method: str
    settings: Mapping[str, Any]
    paper: str
    licence: str
    keys: Shapes
    prefix: str
    modules: Mapping[str, str] = field(default_factory=dict)
    ignored_keys: tuple[str, ...] = ()
    name_setting: str = ""

    def rename(self, key: str) -> str:
        """Our key for one of theirs, without the prefix."""
        module, _, parameter = key.rpartition(".")
        return f"{self.modules.get(module, module)}.{parameter}"


@dataclass(frozen=True)
class Family:
    """Networks of another project that share one way of writing their files.

    Attributes:
        method: what they are in pictura.
        network: the generator's name there.
        paper, licence: as of `Reference`.
        dropout: what is assumed of a network whose file does not show it: the project's default.
    """

    method: str
    network: str
    paper: str
    licence: str
    dropout: str


def _convolution(name: str, before: int, after: int, side: int) -> Shapes:
    return {f"{name}.weight": (after, before, side, side), f"{name}.bias": (after,)}


def _norm(name: str, channels: int) -> Shapes:
    return {f"{name}.weight": (channels,), f"{name}.bias": (channels,)}


def _residual(name: str, channels: int) -> Shapes:
    return {
        **_convolution(f"{name}.conv1.conv2d", channels, channels, 3),
        **_norm(f"{name}.in1", channels),
        **_convolution(f"{name}.conv2.conv2d", channels, channels, 3),
        **_norm(f"{name}.in2", channels),
    }


# fast_neural_style/neural_style/transformer_net.py
_TRANSFORMER_NET: Shapes = {
    **_convolution("conv1.conv2d", 3, 32, 9),
    **_norm("in1", 32),
    **_convolution("conv2.conv2d", 32, 64, 3),
    **_norm("in2", 64),
    **_convolution("conv3.conv2d", 64, 128, 3),
    **_norm("in3", 128),
    **{key: shape for i in range(1, 6) for key, shape in _residual(f"res{i}", 128).items()},
    **_convolution("deconv1.conv2d", 128, 64, 3),
    **_norm("in4", 64),
    **_convolution("deconv2.conv2d", 64, 32, 3),
    **_norm("in5", 32),
    **_convolution("deconv3.conv2d", 32, 3, 9),
}

# pytorch-AdaIN/net.py: padding is a module of its own there, and part of the convolution here, so that numbers differ.
_ADAIN_CHANNELS = (512, 256, 256, 256, 256, 128, 128, 64, 64, 3)
_ADAIN_THEIRS, _ADAIN_OURS = (1, 5, 8, 11, 14, 18, 21, 25, 28), (0, 3, 5, 7, 9, 12, 14, 17, 19)
_ADAIN_DECODER: Shapes = {
    key: shape
    for theirs, (before, after) in zip(_ADAIN_THEIRS, pairwise(_ADAIN_CHANNELS), strict=True)
    for key, shape in _convolution(str(theirs), before, after, 3).items()
}

REFERENCES: dict[str, Reference] = {
    "pytorch-examples": Reference(
        method="johnson",
        settings={"variant": "examples", "filters": 32},
        paper="Johnson, Alahi, Fei-Fei: Perceptual Losses for Real-Time Style Transfer, ECCV 2016, arXiv 1603.08155",
        licence="BSD-3-Clause (pytorch/examples), for that project's own files",
        keys=_TRANSFORMER_NET,
        prefix="generator.",
        name_setting="styles",
        # Released files were written by torch 0.3, whose instance norm kept statistics that it did not use.
        ignored_keys=(r".*\bin\d\.running_(mean|var)", r".*\bin\d\.num_batches_tracked"),
    ),
    "adain-naoto": Reference(
        method="adain",
        settings={"variant": "paper", "encoder": "vgg19-normalised"},
        paper="Huang, Belongie: Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, ICCV 2017, "
        "arXiv 1703.06868",
        licence="MIT (naoto0804/pytorch-AdaIN), for that project's own files",
        keys=_ADAIN_DECODER,
        prefix="decoder.",
        modules=dict(zip(map(str, _ADAIN_THEIRS), map(str, _ADAIN_OURS), strict=True)),
    ),
}

_BSD = "BSD-2-Clause (junyanz/pytorch-CycleGAN-and-pix2pix), for that project's own files"
# Projects whose files say by their keys which of several networks they are: `junyanz` recognizes it.
FAMILIES: dict[str, Family] = {
    "pytorch-cyclegan": Family(
        method="cyclegan",
        network="G_A",
        paper="Zhu, Park, Isola, Efros: Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial "
        "Networks, ICCV 2017, arXiv 1703.10593",
        licence=_BSD,
        dropout="none",  # options/base_options.py and models/cycle_gan_model.py: off
    ),
    "pytorch-pix2pix": Family(
        method="pix2pix",
        network="G",
        paper="Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017, "
        "arXiv 1611.07004",
        licence=_BSD,
        dropout="released",  # the same: on
    ),
}
