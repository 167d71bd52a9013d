"""Published small super-resolution networks, run from their weights: functions of 1×3×h×w in [0, 1]."""

import os
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

Network = Callable[[Tensor], Tensor]
MEAN = (0.4488, 0.4371, 0.4040)  # of CARN's training pictures
FULL_RANGE = (0.299, 0.587, 0.114)  # the Y on which FSRCNN was trained


def peers() -> dict[str, Network]:
    """Those at ×4 whose weights are in $PICTURA_WEIGHTS."""
    folder = Path(os.environ.get("PICTURA_WEIGHTS", ""))
    files = {"FSRCNN": ("sr_fsrcnn_x4", fsrcnn), "CARN-M": ("sr_carn_m", carn_m)}
    found: dict[str, Network] = {}
    for name, (file, run) in files.items():
        path = folder / f"{file}.safetensors"
        if path.is_file():
            weights = load_file(path)
            found[name] = lambda x, run=run, weights=weights: run(weights, x)
    return found


def convolved(weights: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    w = weights[f"{name}.weight"]
    return F.conv2d(x, w, weights[f"{name}.bias"], padding=w.shape[-1] // 2, groups=x.shape[1] // w.shape[1])


def fsrcnn(weights: dict[str, Tensor], x: Tensor, scale: int = 4) -> Tensor:
    """Dong, Loy, Tang (ECCV 2016) with a sub-pixel ending, Saafke/FSRCNN_Tensorflow; colours are bicubic's."""

    def luma(pictures: Tensor) -> Tensor:
        return (pictures * pictures.new_tensor(FULL_RANGE).view(1, 3, 1, 1)).sum(1, keepdim=True)

    y = luma(x)
    for i in range(1, 8):
        y = F.prelu(convolved(weights, f"conv{i}", y), weights[f"prelu{i}.weight"])
    y = F.pixel_shuffle(F.conv2d(y, weights["conv8.weight"]), scale) + weights["conv8.bias"]
    enlarged = F.interpolate(x, scale_factor=scale, mode="bicubic", antialias=True).clamp(0, 1)
    return (enlarged + y - luma(enlarged)).clamp(0, 1)


def carn_m(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """Ahn, Kang, Sohn (ECCV 2018), the mobile variant, nmhkahn/CARN-pytorch."""
    mean = x.new_tensor(MEAN).view(1, 3, 1, 1)

    def unit(name: str, t: Tensor) -> Tensor:
        y = F.relu(convolved(weights, f"{name}.body.0", t))
        y = F.relu(convolved(weights, f"{name}.body.2", y))
        return F.relu(convolved(weights, f"{name}.body.4", y) + t)

    def cascade(prefix: str, t: Tensor, blocks: list[Network]) -> Tensor:
        every = out = t
        for i, block in enumerate(blocks, start=1):
            every = torch.cat([every, block(out)], 1)
            out = F.relu(convolved(weights, f"{prefix}c{i}.body.0", every))
        return out

    def block(name: str) -> Network:
        return lambda t: cascade(f"{name}.", t, [lambda u: unit(f"{name}.b1", u)] * 3)

    y = cascade("", convolved(weights, "entry", x - mean), [block("b1"), block("b2"), block("b3")])
    for i in (0, 3):
        y = F.pixel_shuffle(F.relu(convolved(weights, f"upsample.up4.body.{i}", y)), 2)
    return (convolved(weights, "exit", y) + mean).clamp(0, 1)
