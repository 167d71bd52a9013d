"""Peers of the feed-forward methods, written down from their published layouts, functions of their weight files.

They compute as their programs do: float32, torch's own order of memory, `instance_norm`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

Weights = Mapping[str, Tensor]


def opened(path: Path) -> Weights:
    """A weight file in float32."""
    return {key: tensor.float() for key, tensor in load_file(path).items()}


def mirrored(weights: Weights, key: str, x: Tensor, stride: int = 1) -> Tensor:
    """A convolution behind reflection padding of half its kernel; groups as the weight's shape says."""
    kernel = weights[f"{key}.weight"]
    side = kernel.shape[-1] // 2
    if side:
        x = F.pad(x, (side,) * 4, mode="reflect")
    return F.conv2d(x, kernel, weights[f"{key}.bias"], stride, groups=x.shape[1] // kernel.shape[1])


def examples(weights: Weights, photo: Tensor) -> Tensor:
    """pytorch/examples, fast_neural_style: 1×3×H×W in [0, 1] to the same in the style of the file."""

    def norm(key: str, x: Tensor) -> Tensor:
        return F.instance_norm(x, weight=weights[f"{key}.weight"], bias=weights[f"{key}.bias"])

    x = photo * 255
    for number, stride in ((1, 1), (2, 2), (3, 2)):
        x = norm(f"in{number}", mirrored(weights, f"conv{number}.conv2d", x, stride)).relu()
    for block in (f"res{number}" for number in range(1, 6)):
        inner = norm(f"{block}.in1", mirrored(weights, f"{block}.conv1.conv2d", x)).relu()
        x = x + norm(f"{block}.in2", mirrored(weights, f"{block}.conv2.conv2d", inner))
    for number in (1, 2):
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = norm(f"in{3 + number}", mirrored(weights, f"deconv{number}.conv2d", x)).relu()
    return mirrored(weights, "deconv3.conv2d", x).clamp(0, 255) / 255


def microast(weights: Weights, photo: Tensor, painting: Tensor) -> Tensor:
    """MicroAST (Wang et al. AAAI 2023): 1×3×H×W in [0, 1], sides divisible by 4, in the style of any painting."""

    def convolved(key: str, x: Tensor, stride: int = 1) -> Tensor:
        return mirrored(weights, f"{key}.conv_layer", x, stride)

    def encoded(who: str, x: Tensor) -> tuple[Tensor, Tensor]:
        for layer, stride in ((0, 1), (2, 2), (4, 1), (6, 2), (8, 1)):
            x = convolved(f"{who}.enc1.{layer}", x, stride).relu()
        features = []
        for block in ("enc1.10", "enc2.0"):
            x = x + convolved(f"{who}.{block}.conv2", convolved(f"{who}.{block}.conv1", x).relu())
            features.append(x)
        return features[0], features[1]

    def adain(content: Tensor, style: Tensor) -> Tensor:
        (spread_c, mean_c), (spread_s, mean_s) = (torch.var_mean(x, (2, 3), keepdim=True) for x in (content, style))
        return (content - mean_c) * ((spread_s + 1e-5) / (spread_c + 1e-5)).sqrt() + mean_s

    def modulated(block: str, x: Tensor, level: int, style: Tensor) -> Tensor:
        w, b = (
            convolved(f"modulator.{what}{level}.0", style).mean((2, 3), keepdim=True) for what in ("weight", "bias")
        )
        y = (w * convolved(f"decoder.{block}.conv1", x) + b * x).relu()
        return x + w * convolved(f"decoder.{block}.conv2", y) + b * y

    shallow, deep = encoded("style_encoder", painting)
    x = encoded("content_encoder", photo)[1]
    x = modulated("dec1", adain(x, deep), 2, deep)
    x = modulated("dec2", adain(x, shallow), 1, shallow)
    for first, second in ((1, 3), (6, 8)):
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        for layer in (first, second):
            x = convolved(f"decoder.dec3.{layer}", x).relu()
    return convolved("decoder.dec3.10", x).clamp(0, 1)


PEERS: dict[str, tuple[str, Callable[..., Tensor]]] = {
    "examples": ("fns_candy.safetensors", examples),
    "microast": ("microast.safetensors", microast),
}
