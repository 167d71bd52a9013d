"""The generators and critics of the translators by name, all of pictures in [-1, 1].

The papers' own and, in their places, ours: the slim translator and the critic that sees through the compact encoder.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from pictura.networks.compact import select_components
from pictura.networks.critics import EncoderCritic
from pictura.networks.dualgan import DualGenerator
from pictura.networks.layers.normalized import NormKind
from pictura.networks.patchgan import PATCHES, PATCHGAN_WIDTH, PatchGAN
from pictura.networks.resnet_generator import RESNET_WIDTH, ResNetGenerator
from pictura.networks.tiling.streaming import NetworkPart
from pictura.networks.translator import TRANSLATOR_WIDTHS, Translator, standardize
from pictura.networks.unet import UNet
from pictura.runtime.errors import PicturaError

GeneratorName = Literal["unet_256", "unet_128", "encoder_decoder", "resnet_6", "resnet_9", "translator"]
CriticName = Literal["pixel", "patch16", "patch34", "patch70", "patch142", "patch286", "compact"]
DropoutKind = Literal["released", "paper", "none"]
LEVELS = {"unet_256": 8, "unet_128": 7, "encoder_decoder": 8}
BLOCKS = {"resnet_6": 6, "resnet_9": 9}
CRITIC_LAYERS = ("relu2_1", "relu3_1", "relu4_1", "relu5_1")  # of the compact encoder, as in our own methods


def build_generator(
    name: GeneratorName, norm: NormKind, *, width: int = RESNET_WIDTH, dropout: DropoutKind = "none", ground: int = 0
) -> "AnyGenerator":
    """A generator with new weights.

    Args:
        name: which.
        norm: of the papers' networks.
        width: their channels where there are fewest; the translator's own are scaled by width / 64.
        dropout: where half of the features are dropped. U-Net: the first three steps up ("paper", phillipi/pix2pix),
            or those from 512 to 512 channels but for the innermost ("released", junyanz's networks.py); ResNet: inside
            each block.
        ground: what the translator paints on, see there.
    """
    if name in LEVELS:
        levels = LEVELS[name]
        steps = {"paper": (1, 2, 3), "released": range(2, levels - 3), "none": ()}[dropout]
        return UNet(levels, norm, width=width, skips=name != "encoder_decoder", dropout=steps)
    if name in BLOCKS:
        return ResNetGenerator(BLOCKS[name], norm, width=width, dropout=dropout != "none")
    return SignedTranslator(ground, width)


def build_critic(
    name: CriticName, norm: NormKind, *, width: int = PATCHGAN_WIDTH, conditional: bool = False
) -> "PatchGAN | CompactCritic":
    """A critic with new weights, of pictures or, if `conditional`, of pairs."""
    if name == "compact":
        return CompactCritic(select_components(CRITIC_LAYERS), width, condition=3 if conditional else 0)
    return PatchGAN(PATCHES[name], norm, inputs=6 if conditional else 3, width=width)


def check_crop(crop: int, generator: str, network: nn.Module, critic: str = "", judge: nn.Module | None = None) -> None:
    """Refuse crops that these networks, told by their names, cannot take.

    Raises:
        PicturaError: says which sides they need.
    """
    multiple, smallest = getattr(network, "multiple", 1), getattr(network, "smallest", 1)
    if crop % multiple or crop < smallest:
        raise PicturaError(
            f"The generator {generator} takes crops whose side is divisible by {multiple} and at least {smallest} "
            f"pixels, not {crop}: set crop, or another generator."
        )
    if judge is not None and crop < (least := getattr(judge, "smallest", 1)):
        raise PicturaError(
            f"The critic {critic} is larger than the crop: it needs {least} pixels, not {crop}; set crop, or a smaller "
            "critic."
        )


class SignedTranslator(nn.Module):
    """Our translator as the papers' generators are called: N×3×H×W in [-1, 1] to about [-1, 1].

    ground: 0: it paints on nothing; 1: on the picture. It does not begin with the picture itself, at which a cycle
    would hold it.
    """

    def __init__(self, ground: int, width: int = RESNET_WIDTH) -> None:
        super().__init__()
        widths = [max(1, own * width // RESNET_WIDTH) for own in TRANSLATOR_WIDTHS]
        # On nothing, parts must see each other: labels and sketches say little.
        self.translator = Translator(widths, ground=0, deep=0 if ground else 2)
        self.translator.ground = ground
        self.multiple, self.smallest = self.translator.multiple, self.translator.smallest

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """One pass; noise N×1×H×W is uniform in [0, 1]."""
        made: Tensor = self.translator((x + 1) / 2, None if noise is None else standardize(noise))
        return 2 * made - 1

    def parts(self, strength: float = 1.0) -> list[NetworkPart]:
        """The translator's, for pictures in [0, 1]."""
        return self.translator.parts(strength)


AnyGenerator = UNet | ResNetGenerator | SignedTranslator  # what `build_generator` makes


class CompactCritic(EncoderCritic):
    """Heads on the features of the compact encoder, of pictures in [-1, 1]."""

    smallest = 32  # two positions of the deepest layer

    def forward(self, x: Tensor, condition: Tensor | None = None) -> list[Tensor]:
        """Answers in the order of the layers."""
        return super().forward((x + 1) / 2, condition)

    def measure(self, real: Tensor) -> None:
        """Take real pictures into the scales of the features."""
        super().measure((real + 1) / 2)


class Exported(nn.Module):
    """A generator as other programs call it: pictures N×3×H×W in [0, 1] to the same.

    Raises:
        PicturaError: its result depends on noise, which those programs would have to make as pictura does.
    """

    def __init__(self, generator: "AnyGenerator | DualGenerator", dropout: bool = False) -> None:
        super().__init__()
        if dropout or isinstance(generator, SignedTranslator):
            raise PicturaError(
                "This model cannot be exported: noise is part of its result; train one of the papers' generators with "
                "dropout=none."
            )
        self.generator = generator
        self.multiple, self.smallest = generator.multiple, generator.smallest

    def forward(self, image: Tensor) -> Tensor:
        """Each picture by itself: batch norm as that of one picture."""
        if torch.compiler.is_exporting() or len(image) == 1:
            return torch.clamp((self.generator(2 * image - 1) + 1) / 2, 0, 1)
        return torch.cat([self(one[None]) for one in image])
