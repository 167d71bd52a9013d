"""The metrics that `pictura measure` knows by name, and the network that some of them see through."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from pictura.encoders import Encoder
from pictura.encoders.records import FAMILIES, STYLE_LAYERS
from pictura.metrics.perceptual import LPIPS_LAYERS, perceptual_distance
from pictura.metrics.segmentation import AbsentClasses
from pictura.metrics.similarity import psnr, ssim
from pictura.metrics.style import content_distance, gram_distance, wasserstein_distance
from pictura.runtime.errors import PicturaError, did_you_mean

CONTENT_LAYER = "relu4_1"  # where AdaIN and most judges of style transfer compare contents
Features = Mapping[str, Tensor]
Layers = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Judge:
    """The network behind a figure.

    told: its name, with what tells its weights from others; heads: LPIPS's learned weights by layer, if they are there.
    """

    encoder: Encoder
    told: str
    heads: Mapping[str, Tensor] | None = None

    @property
    def style(self) -> Layers:
        """The layers of Gatys et al., where the network has them, else all of it."""
        layers = self.encoder.layers
        return STYLE_LAYERS if set(STYLE_LAYERS) <= set(layers) else layers

    @property
    def content(self) -> Layers:
        """The one layer that contents are compared in."""
        return (CONTENT_LAYER,) if CONTENT_LAYER in self.encoder.layers else self.deepest

    @property
    def deepest(self) -> Layers:
        """The one layer whose mean over positions stands for a picture in a set."""
        return self.encoder.layers[-1:]

    @property
    def lpips(self) -> Layers | None:
        """LPIPS's layers, where it was learned on this network: torchvision's, by its input as by its name."""
        own = LPIPS_LAYERS.get(self.encoder.name.partition("-")[0])
        mean = self.encoder.mean.flatten().tolist()
        known = all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(mean, FAMILIES["torchvision"].mean, strict=True))
        return own if known and own is not None and set(own) <= set(self.encoder.layers) else None

    @property
    def perceptual(self) -> Layers:
        """The layers of the perceptual distances."""
        return self.lpips or self.style

    def see(self, picture: Tensor, layers: Sequence[str]) -> Features:
        """The features of a picture 1×3×H×W in [0, 1]."""
        return self.encoder(picture.to(self.encoder.mean.device), layers) if layers else {}

    def scales(self, layers: Layers) -> dict[str, float]:
        """Sizes of the features of these layers."""
        return {layer: self.encoder.scale(layer) for layer in layers}


class Pixelwise(NamedTuple):
    """PSNR or SSIM, on Y or on red, green and blue."""

    compute: Callable[[Tensor, Tensor], Tensor]
    rgb: bool
    about: str


class Judged(NamedTuple):
    """A distance of two pictures' features; `free_size`: whether they may differ in size."""

    layers: Callable[[Judge], Layers]
    compute: Callable[[Features, Features, Judge], float]
    about: str
    free_size: bool = False


PIXELWISE = {
    "psnr": Pixelwise(psnr, False, "peak signal-to-noise ratio on Y (BT.601), dB; higher is nearer"),
    "ssim": Pixelwise(ssim, False, "structural similarity on Y (BT.601); 1 is equal"),
    "psnr-rgb": Pixelwise(psnr, True, "peak signal-to-noise ratio on red, green and blue, dB"),
    "ssim-rgb": Pixelwise(ssim, True, "structural similarity, mean over red, green and blue"),
}
JUDGED = {
    "content": Judged(
        lambda judge: judge.content,
        lambda f, p, judge: content_distance(f, p, judge.scales(judge.content)),
        "squared difference of features, as a share of their variance",
    ),
    "gram": Judged(
        lambda judge: judge.style,
        lambda f, s, _: gram_distance(f, s),
        "squared difference of Gram matrices of A and the style B",
        free_size=True,
    ),
    "wasserstein": Judged(
        lambda judge: judge.style,
        lambda f, s, judge: wasserstein_distance(f, s, judge.scales(judge.style)),
        "squared Wasserstein-2 distance of the features of A and the style B, as a share of their variance",
        free_size=True,
    ),
    "lpips": Judged(
        lambda judge: judge.perceptual,
        lambda f, p, judge: perceptual_distance(f, p, judge.heads).item(),
        "LPIPS with its published weights",
    ),
    "perceptual": Judged(
        lambda judge: judge.perceptual,
        lambda f, p, _: perceptual_distance(f, p).item(),
        "LPIPS's formula without learned weights",
    ),
}
DISTRIBUTIONS = {
    "kid": "kernel distance of two sets of pictures; about 0 for one distribution",
    "fid": "Fréchet distance of two sets of pictures, too high for few of them",
    "artfid": "(1 + perceptual distance to --content) · (1 + fid to the paintings B)",
}
SEGMENTATION: dict[str, AbsentClasses] = {"segmentation": "skipped", "segmentation-released": "zero"}
SEG_SCORE: dict[str, AbsentClasses] = {"seg-score": "skipped", "seg-score-released": "zero"}
VIDEO = {"warp": "squared difference of frames that follow each other, warped by the flow of B; 0 is no flicker"}
METRICS = (*PIXELWISE, *JUDGED, *DISTRIBUTIONS, *SEGMENTATION, *SEG_SCORE, *VIDEO)


def check_metrics(metrics: tuple[str, ...]) -> None:
    """Refuse what is no metric.

    Raises:
        PicturaError: with those that there are, and the nearest.
    """
    if not metrics:
        raise PicturaError(f"Name at least one metric: {', '.join(METRICS)}.")
    for name in metrics:
        if name not in METRICS:
            raise PicturaError(f"There is no metric '{name}', only {', '.join(METRICS)}.{did_you_mean(name, METRICS)}")


def check_lpips(judge: Judge) -> None:
    """Refuse LPIPS without what makes it LPIPS.

    Raises:
        PicturaError: the network is none that it was learned on, or the learned weights are not given.
    """
    if judge.lpips is None or judge.heads is None:
        raise PicturaError(
            "LPIPS needs the network that it was learned on and the learned weights: give --encoder vgg16-torchvision "
            "and --lpips-weights vgg.pth (version 0.1 of richzhang/PerceptualSimilarity), or take the metric "
            "perceptual, the same formula without them."
        )
