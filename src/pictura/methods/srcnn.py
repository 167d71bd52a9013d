"""Dong, Loy, He and Tang, Image Super-Resolution Using Deep Convolutional Networks: the baseline of super-resolution.

F(Y) = W₃ * max(0, W₂ * max(0, W₁ * Y + B₁) + B₂) + B₃ on the luminance Y of a picture that bicubic has enlarged;
colours stay bicubic's. The loss is the mean square against the true Y, equation 4, where no border is in sight.
"""

import math
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.metrics.superres import LUMA_WEIGHTS, luma
from pictura.networks.layers.resize import Bicubic
from pictura.networks.srcnn import SRCNN, SRCNN_CHANNELS
from pictura.networks.tiling.enlarging import enlarge_image
from pictura.networks.tiling.streaming import DEFAULT_MEMORY, NetworkPart
from pictura.picture.degrade import crop_to_scale, degrade, imresize
from pictura.runtime.device import Precision
from pictura.runtime.errors import PicturaError
from pictura.training.capabilities import check_image, check_options
from pictura.training.method import Batch, DataKind, Method, Player, Update, build_player
from pictura.training.settings import OptimSettings

FLOATS_PER_PIXEL = (
    2 * SRCNN_CHANNELS[0] + SRCNN_CHANNELS[1]
)  # numbers for a large pixel: before and after the first ReLU, the second layer
LAST_LAYER_RATE = 0.1  # rate of the last layer beside the others', section 4.1


class SrcnnSettings(OptimSettings):
    """Architecture and rates; the paper takes SGD for 8e8 updates, Adam needs a ten-thousandth of them."""

    scale: Literal[2, 3, 4, 8] = Field(default=4, description="how many times wider and higher the result is")
    kernels: Literal["9-1-5", "9-3-5", "9-5-5"] = Field(default="9-5-5", description="f₁-f₂-f₃, sides of the filters")
    optimizer: Literal["adam", "sgd", "rmsprop"] = Field(
        default="adam", description="sgd, with momentum 0.9, is the paper's"
    )
    learning_rate: float = Field(default=1e-3, gt=0, le=1e6, description="of the first two layers; 1e-4 in the paper")


class Srcnn(Method):
    """F, and one step of its training."""

    name: ClassVar[str] = "srcnn"
    paper: ClassVar[str] = (
        "Dong, Loy, He, Tang: Image Super-Resolution Using Deep Convolutional Networks, TPAMI 2016, arXiv 1501.00092"
    )
    data: ClassVar[DataKind] = "images"
    Settings = SrcnnSettings
    settings: SrcnnSettings

    def __init__(self, settings: SrcnnSettings) -> None:
        super().__init__(settings)
        f1, f2, f3 = map(int, settings.kernels.split("-"))
        network = SRCNN((f1, f2, f3))
        self.border = network.border
        self.srcnn: nn.Module = network

    @classmethod
    def tiny(cls) -> SrcnnSettings:
        """The paper's smallest."""
        return SrcnnSettings(kernels="9-1-5")

    def networks(self) -> dict[str, nn.Module]:
        """F."""
        return {"srcnn": self.srcnn}

    def players(self, steps: int) -> dict[str, Player]:
        """The last layer learns ten times slower than the others."""
        s = self.settings
        last = [p for name, p in self.srcnn.named_parameters() if name.startswith("reconstruct")]
        first = [p for name, p in self.srcnn.named_parameters() if not name.startswith("reconstruct")]
        groups: list[dict[str, Any]] = [{"params": first}, {"params": last, "lr": LAST_LAYER_RATE * s.learning_rate}]
        return {"srcnn": build_player(s, self.srcnn, steps, parameters=groups)}

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """One mean square, called pixel."""
        true, enlarged = self._make_pair(batch)
        inner = (luma(true) / 255)[..., self.border : -self.border, self.border : -self.border]
        pixel = (self.srcnn(luma(enlarged) / 255).float() - inner).square().mean()
        update(srcnn=pixel)
        return {"pixel": pixel.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        """Bicubic, ours, the truth."""
        true, bicubic = self._make_pair(batch)
        with torch.no_grad():
            made = enhance_luma(self.srcnn, bicubic, self.border)
        return [bicubic, made.float().clamp(0, 1), true]

    @property
    def factor(self) -> int:
        """How many times wider and higher the result is."""
        return self.settings.scale

    def enlarge(
        self, image: Tensor, *, memory: int = DEFAULT_MEMORY, precision: Precision = "auto", **unknown: Any
    ) -> Tensor:
        """1×3×H×W in [0, 1] (or uint8) of any size to 1×3×(scale H)×(scale W) of the same dtype.

        Options and errors are those of superres.
        """
        check_options(self.name, unknown, self.enlarge)
        check_image(image)
        network, scale = self.export_network().to(image.device), self.settings.scale
        # Bicubic sees two small pixels, the network its border in large ones.
        part = NetworkPart(
            lambda x, _: network(x).float(),
            receptive_radius=2 + math.ceil(self.border / scale),
            floats_per_pixel=FLOATS_PER_PIXEL * scale**2,
        )
        return enlarge_image(image, part, memory, precision)

    def export_network(self) -> nn.Module:
        """Bicubic, luminance, network, and colours again."""
        return SrcnnPipeline(self.srcnn, self.settings.scale, self.border)

    def _make_pair(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(true, reduced and enlarged again), both N×3×H×W."""
        scale, side = self.settings.scale, min(batch["image"].shape[-2:])
        if side - side % scale <= 2 * self.border:
            raise PicturaError(f"Crops of {side} pixels are too small for SRCNN: take 33 as in the paper, or more.")
        true = crop_to_scale(batch["image"], scale)
        size = true.shape[-2], true.shape[-1]
        return true, imresize(degrade(true, scale), size).clamp(0, 1)


class SrcnnPipeline(nn.Module):
    """F with what stands before and behind it."""

    def __init__(self, network: nn.Module, scale: int, border: int) -> None:
        super().__init__()
        self.network, self.scale, self.border = network, scale, border
        self.bicubic = Bicubic(scale)

    def forward(self, x: Tensor) -> Tensor:
        """N×3×h×w in [0, 1] to N×3×(scale h)×(scale w); not clamped."""
        return enhance_luma(self.network, self.bicubic(x).clamp(0, 1), self.border)


def enhance_luma(network: nn.Module, pictures: Tensor, border: int) -> Tensor:
    """F on the luminance of enlarged pictures N×3×H×W whose border is repeated; not clamped."""
    y = luma(pictures) / 255
    return add_luma(pictures, network(F.pad(y, [border] * 4, mode="replicate")) - y)


def add_luma(pictures: Tensor, brighter: Tensor) -> Tensor:
    """N×3×H×W whose Y, in units of 255, is higher by N×1×H×W while Cb and Cr are as they were.

    Red, green and blue then move by the same, and Y by the sum of its weights as much.
    """
    return pictures + brighter * (255 / sum(LUMA_WEIGHTS))
