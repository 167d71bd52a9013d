"""A class for each pixel of a photograph: the judge of photographs that were made of label maps, and of nothing else.

``variant="compact"`` is ours: a light decoder on the features φ of the frozen compact encoder, trained in minutes on
one core. ``variant="fcn8s"`` is FCN-8s (Long, Shelhamer and Darrell, CVPR 2015), as judges pix2pix's and CycleGAN's
photographs (there trained on Cityscapes by its authors, in Caffe). Both learn by cross-entropy. A score by either is no
"FCN-score": name the network, and its score on real photographs.

A is the photograph, B the label map, in colours. A colour that is no class's is taken for the nearest.
"""

from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn import functional as F

from pictura.data.known_palettes import FACADES, VOID, Colour, find_palette
from pictura.encoders import Encoder, load_encoder
from pictura.encoders.records import FAMILIES, Preprocessing
from pictura.networks.fcn import FCN_HIDDEN, FCN8s
from pictura.networks.segmenter import SEGMENTER_LAYERS, SEGMENTER_WIDTHS, Segmenter, class_numbers, name_pixels
from pictura.networks.tiling.enlarging import enlarge_image
from pictura.networks.tiling.streaming import DEFAULT_MEMORY, NetworkPart
from pictura.networks.tiling.tiles import crop_to_multiple
from pictura.picture.resize import to_float
from pictura.runtime.device import DType, Precision, default_dtype
from pictura.runtime.errors import PicturaError
from pictura.training.capabilities import check_image, check_options
from pictura.training.method import Batch, DataKind, Method, Player, Update, build_player
from pictura.training.schedules import linear_decay
from pictura.training.settings import Channels, OptimSettings

IGNORED = -1
Byte = Annotated[int, Field(ge=0, le=255)]


class SegmentSettings(OptimSettings):
    """Classes, network, rates; defaults are those of our network."""

    classes: dict[str, tuple[Byte, Byte, Byte]] = Field(
        default=FACADES,
        min_length=2,
        max_length=256,
        description="name of a class → its colour, in the order of the numbers; or facades, camvid, cityscapes",
    )
    ignore: tuple[str, ...] = Field(
        default=VOID,
        description="classes, in small letters, that are neither learned nor counted, where there are such",
    )
    variant: Literal["compact", "fcn8s"] = Field(default="compact", description="our network or the paper's")
    widths: tuple[Channels, Channels, Channels, Channels] = Field(
        default=SEGMENTER_WIDTHS,
        description="channels of ours at a half, a quarter, an eighth, a sixteenth of the size",
    )
    hidden: Channels = Field(default=FCN_HIDDEN, description="channels of FCN-8s's fc6 and fc7")
    narrower: Literal[1, 2, 4, 8, 16] = Field(default=1, description="divisor of the channels of FCN-8s's VGG-16")
    encoder: str = Field(
        default="vgg16-torchvision", description="whose weights FCN-8s's VGG-16 begins with; none: new ones"
    )
    jitter: float = Field(default=0.2, ge=0, le=1, description="greatest change of light and contrast of a photograph")
    ema: float = Field(default=0.998, ge=0, lt=1, description="decay of the averaged weights; 0: the last ones")

    @field_validator("classes", mode="before")
    @classmethod
    def _name_palette(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return find_palette(value)
        except PicturaError as error:
            raise ValueError(str(error).removesuffix(".")) from error

    @field_validator("classes")
    @classmethod
    def _check_colours(cls, value: dict[str, Colour]) -> dict[str, Colour]:
        if len(set(value.values())) < len(value):
            raise ValueError("two classes have one colour: give each its own")
        return value


class Segment(Method):
    """The network, and one step of training."""

    name: ClassVar[str] = "segment"
    paper: ClassVar[str] = (
        "ours, and Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation, CVPR 2015, arXiv "
        "1411.4038"
    )
    data: ClassVar[DataKind] = "paired"
    Settings = SegmentSettings
    settings: SegmentSettings

    def __init__(self, settings: SegmentSettings) -> None:
        super().__init__(settings)
        self.counted = [i for i, name in enumerate(settings.classes) if name not in self.ignored_classes]
        counted = len(self.counted)
        if counted < 2:
            raise PicturaError(
                f"There is {'one class' if counted else 'no class'} to learn, and it takes two: give label maps of "
                "more classes."
            )
        self.network: Segmenter | FCN8s = (
            Segmenter(counted, settings.widths)
            if settings.variant == "compact"
            else FCN8s(counted, settings.hidden, settings.narrower)
        )
        self.segmenter: nn.Module = self.network  # while it trains, what the loop wraps around it
        self.began = False
        self._encoders: dict[DType, Encoder] = {}

    @classmethod
    def tiny(cls) -> SegmentSettings:
        """A few channels."""
        return SegmentSettings(widths=(4, 4, 8, 8))

    @property
    def classes(self) -> dict[str, Colour]:
        """Name → colour, in the order of their numbers."""
        return self.settings.classes

    @property
    def ignored_classes(self) -> tuple[str, ...]:
        """Those that do not count."""
        return tuple(name for name in self.settings.classes if name.lower() in self.settings.ignore)

    def networks(self) -> dict[str, nn.Module]:
        """The one that names pixels."""
        return {"segmenter": self.segmenter}

    def players(self, steps: int) -> dict[str, Player]:
        """Adam, or for FCN-8s what its recipe says."""
        return {"segmenter": build_player(self.settings, self.segmenter, steps, schedule=linear_decay)}

    def begin(self, bundle: Any) -> None:
        """Take all weights of a model, VGG-16's too."""
        super().begin(bundle)
        self.began = True

    def prepare(self, device: torch.device, generator: torch.Generator) -> None:
        """φ; or the weights that FCN-8s begins with."""
        if isinstance(self.network, Segmenter):
            self._load_encoder("auto")
        elif not self.began and self.settings.encoder != "none":
            fill_trunk(self.network, load_encoder(self.settings.encoder, dtype="float32", device=str(device)))

    def step(self, batch: Batch, update: Update, generator: torch.Generator) -> dict[str, Tensor]:
        """Cross-entropy of the classes of all pixels that have one."""
        x, truth = self._crop(batch)
        loss = F.cross_entropy(self._score(self._vary(x, generator)), truth, ignore_index=IGNORED, reduction="sum")
        loss = loss / (truth != IGNORED).sum().clamp(min=1)
        update(segmenter=loss)
        return {"cross-entropy": loss.detach()}

    def show(self, batch: Batch) -> list[Tensor]:
        """The photograph, the classes found, the true ones."""
        x, truth = self._crop(batch)
        with torch.no_grad():
            found = self._score(x).argmax(1)
        return [x, self._paint(found), self._paint(truth)]

    def segment(
        self, image: Tensor, *, memory: int = DEFAULT_MEMORY, precision: Precision = "auto", **unknown: Any
    ) -> Tensor:
        """The class of each pixel of 1×3×H×W in [0, 1] (or uint8) of any size: H×W numbers into `classes`.

        Args:
            image: a photograph.
            memory: bytes to work in beside it; what does not fit goes in tiles, with the same result.
            precision: arithmetic of the convolutions; auto is bfloat16 where the processor is fast in it.

        Raises:
            PicturaError: not an image, an unknown option, or too little memory.
        """
        check_options(self.name, unknown, self.segment)
        check_image(image)
        network = self.network

        def run(x: Tensor, _: Tensor) -> Tensor:
            return name_pixels(self._score(x, precision), self.counted)

        part = NetworkPart(run, receptive_radius=network.receptive_radius, floats_per_pixel=network.floats_per_pixel)
        return class_numbers(enlarge_image(to_float(image), part, memory, precision, network.multiple))

    def export_network(self) -> nn.Module:
        """Nothing: it gives numbers of classes, not pictures.

        Raises:
            PicturaError: always.
        """
        raise PicturaError("segment cannot be exported: it gives numbers of classes and no picture.")

    def _score(self, x: Tensor, precision: Precision = "auto") -> Tensor:
        """Scores N×K×H×W in float32."""
        if isinstance(self.network, Segmenter):
            with torch.no_grad():
                features = self._load_encoder(precision)(x, SEGMENTER_LAYERS)
            scores: Tensor = self.segmenter(features)
        else:
            look = _preprocessing(self.settings.encoder)
            mean, std = (torch.tensor(v, device=x.device).view(1, 3, 1, 1) for v in (look.mean, look.std))
            scores = self.segmenter((x - mean) / std)
        return scores.float()

    def _crop(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The photographs, and the places of their classes in `counted` N×H×W, `IGNORED` where they do not count."""
        side = self.network.multiple
        x, colours = (crop_to_multiple(batch[name], side, side) for name in "AB")
        known = torch.tensor(list(self.classes.values()), device=x.device) / 255
        # The nearest colour c of x: |x - c|² is least where 2 c·x - |c|² is greatest.
        nearness = F.conv2d(colours, 2 * known[:, :, None, None], -known.square().sum(1))
        place = [self.counted.index(i) if i in self.counted else IGNORED for i in range(len(known))]
        return x, torch.tensor(place, device=x.device)[nearness.argmax(1)]

    def _vary(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Each photograph lighter or darker, and with more or less contrast."""
        light, contrast = (self.settings.jitter * (2 * torch.rand(2, len(x), 1, 1, 1, generator=generator) - 1)).to(x)
        mean = x.mean((1, 2, 3), keepdim=True)
        varied: Tensor = ((x - mean) * (1 + contrast) + mean + light / 2).clamp(0, 1)
        return varied

    def _paint(self, places: Tensor) -> Tensor:
        """Places in `counted` N×H×W to N×3×H×W in the classes' colours, black where they do not count."""
        colours = list(self.classes.values())
        shown = torch.tensor([*(colours[i] for i in self.counted), (0, 0, 0)], device=places.device) / 255
        painted: Tensor = shown[places].movedim(-1, 1)  # `IGNORED` is the last
        return painted

    def _load_encoder(self, precision: Precision) -> Encoder:
        """φ, where the network is."""
        device = next(self.network.parameters()).device
        dtype: DType = "float32" if precision == "float32" else default_dtype(device)
        if dtype not in self._encoders:  # two threads may both load it: the same weights, whichever stays
            self._encoders[dtype] = load_encoder("compact", dtype=dtype, device=str(device))
        return self._encoders[dtype].to(device)


def fill_trunk(network: FCN8s, encoder: Encoder) -> None:
    """Copy the convolutions of a trained VGG-16.

    Raises:
        PicturaError: the encoder is another network.
    """
    theirs = [module for module in encoder.stages.modules() if isinstance(module, nn.Conv2d)]
    ours = network.convolutions()
    if [one.weight.shape for one in theirs] != [one.weight.shape for one in ours]:
        raise PicturaError(f"FCN-8s begins with the weights of a whole VGG-16, not '{encoder.name}': set encoder.")
    with torch.no_grad():
        for one, other in zip(ours, theirs, strict=True):
            one.weight.copy_(other.weight)
            if one.bias is not None and other.bias is not None:
                one.bias.copy_(other.bias)


def _preprocessing(encoder: str) -> Preprocessing:
    """How pictures are prepared for a VGG-16 of this name."""
    return FAMILIES["caffe" if "caffe" in encoder else "torchvision"]
