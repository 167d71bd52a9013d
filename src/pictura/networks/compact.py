"""``compact``: a small network that predicts VGG-19's principal components.

Behind each named layer a 1×1 head predicts the first k coordinates of VGG-19's features in the basis of their
principal components over photographs and paintings, divided by the square root of the layer's total variance.
So a squared distance between two pictures' coordinates is the explained share of the distance between VGG-19's
features, every layer has the same order of magnitude, and covariances are k wide instead of 512.
``recipes/compact`` holds the training.
"""

from collections.abc import Iterable, Iterator

from torch import Tensor, nn

from pictura.runtime.errors import PicturaError, did_you_mean

# Few channels where pixels are many: a third of the time goes into the first two stages all the same.
COMPACT_WIDTHS = (24, 48, 96, 192, 224)
# k for each layer: explained variance of the teacher in docs/compact.md.
COMPONENTS = {"relu1_1": 16, "relu2_1": 40, "relu3_1": 80, "relu4_1": 128, "relu4_2": 160, "relu5_1": 160}


def select_components(layers: Iterable[str]) -> dict[str, int]:
    """Layer → k for some of the layers.

    Raises:
        PicturaError: there is no such layer.
    """
    chosen = {layer: COMPONENTS.get(layer, 0) for layer in layers}
    unknown = next((layer for layer, components in chosen.items() if not components), None)
    if unknown is not None:
        known = ", ".join(COMPONENTS)
        raise PicturaError(
            f"There is no layer '{unknown}' to look at, only {known}.{did_you_mean(unknown, COMPONENTS)}"
        )
    return chosen


def least_side(layers: Iterable[str]) -> int:
    """Side in pixels of the smallest picture with two positions a side in each of the layers, to be compared."""
    stages = [int(layer.removeprefix("relu")[0]) for layer in layers]
    return 1 << max(stages)


class Refine(nn.Module):
    """ReLU(x + conv(x)): one more convolution that starts as the identity on a rectified x."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """B×C×H×W to the same shape."""
        y: Tensor = self.conv(x)
        return y.add_(x).relu_()


def _convolutions(before: int, channels: int, count: int = 2) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for i in range(count):
        layers += [nn.Conv2d(before if i == 0 else channels, channels, 3, padding=1), nn.ReLU(inplace=True)]
    return layers


class Compact(nn.Module):
    """B×3×H×W in [0, 1] sRGB, normalized by (x - 0.45) × 4, to B×k×H/s×W/s for each layer of `COMPONENTS`."""

    def __init__(self) -> None:
        super().__init__()
        c1, c2, c3, c4, c5 = COMPACT_WIDTHS
        self.trunk = nn.ModuleDict(
            {
                "stage1": nn.Sequential(*_convolutions(3, c1, 1)),
                "stage2": nn.Sequential(nn.MaxPool2d(2), *_convolutions(c1, c2)),
                "stage3": nn.Sequential(nn.MaxPool2d(2), *_convolutions(c2, c3)),
                "stage4": nn.Sequential(Refine(c3), nn.MaxPool2d(2), *_convolutions(c3, c4)),
                "stage4b": nn.Sequential(*_convolutions(c4, c4, 1)),
                "stage5": nn.Sequential(nn.MaxPool2d(2), *_convolutions(c4, c5)),
            }
        )
        widths = (c1, c2, c3, c4, c4, c5)
        self.heads = nn.ModuleDict(
            {name: nn.Conv2d(c, k, 1) for (name, k), c in zip(COMPONENTS.items(), widths, strict=True)}
        )

    def chain(self) -> Iterator[tuple[str, nn.Module]]:
        """The stages in order, each with the name of the layer it predicts."""
        return zip(COMPONENTS, self.trunk.values(), strict=True)
