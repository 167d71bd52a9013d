"""What the shipped weights make is what they made before the rooms were moved (commit 6a2c971), pixel by pixel.

The picture of `optimize` is that of 20eaa79, since which a photo is painted with a margin.
"""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open

import pictura
from pictura.encoders import load_encoder

BEFORE = Path(__file__).with_name("pixels-of-6a2c971.safetensors")  # every second pixel of what that commit made
with safe_open(BEFORE, "pt") as file:
    CPU = file.metadata()["cpu"]
    NAMES = sorted(file.keys())
# Elsewhere another processor's instructions round sums otherwise, and optimization carries that on.
TOLERANCE = 1e-6 if torch.backends.cpu.get_cpu_capability() == CPU else 1e-3


def picture(height=72, width=96):
    y = torch.linspace(0, 1, height).view(1, -1, 1).expand(3, height, width)
    x = torch.linspace(0, 1, width).view(1, 1, -1).expand(3, height, width)
    f = torch.tensor([7.0, 11.0, 13.0]).view(3, 1, 1)
    return (0.5 + 0.25 * torch.sin(f * x + 3 * y) + 0.25 * torch.cos(f * y * 2 - x))[None].clamp(0, 1)


def make(name):
    """What the name of the stored picture says."""
    p, kind = picture(), name.split("-")[0]
    if kind == "compact":
        layer = name.removeprefix("compact-")
        return load_encoder("compact", dtype="float32")(p, [layer])[layer][:, :8]
    if kind == "adain":
        options = {
            "adain": {"style": "great-wave"},
            "adain-strength": {"style": "the-scream", "strength": 0.6, "style_scale": 0.5},
            "adain-tiles": {"style": "great-wave", "memory": 24 * 2**20},
        }[name]
        x = picture(200, 264) if name == "adain-tiles" else p
        made = pictura.from_pretrained("adain").stylize(x, **options, precision="float32")
        return made[..., ::4, ::4] if name == "adain-tiles" else made
    if kind == "fast":
        network = pictura.from_pretrained("fast")
        if name == "fast-mixed":
            style = {network.names[0]: 0.5, network.names[2]: 0.5}
            return network.stylize(p, style=style, strength=0.7, precision="float32")
        return network.stylize(p, style=name.removeprefix("fast-"), precision="float32")
    if kind == "upscale":
        return pictura.from_pretrained(name).enlarge(picture(24, 20), precision="float32")
    settings = {
        "optimize": pictura.preset("fast"),
        # In the weights that the preset had then.
        "gram": pictura.preset("paper").with_changes(
            encoder="compact", steps=(4,), content_weight=1e6, style_weight=1e9
        ),
        "texture": pictura.preset("texture").with_changes(steps=(4,)),
    }[name].with_changes(dtype="float32")
    if name == "texture":
        return pictura.synthesize(p, (64, 64), settings)
    return pictura.stylize(p, "starry-night", settings)


@pytest.mark.parametrize("name", NAMES)
def test_same_pixels_as_before_the_move(name):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums are split among threads
    try:
        made = make(name)
    finally:
        torch.set_num_threads(threads)
    with safe_open(BEFORE, "pt") as file:
        before = file.get_tensor(name)
    torch.testing.assert_close(made[..., ::2, ::2], before, atol=TOLERANCE, rtol=0)
