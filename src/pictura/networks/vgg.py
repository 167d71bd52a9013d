"""VGG (Simonyan and Zisserman 2014, arXiv 1409.1556), convolutional part.

Key names are torchvision's (``features.N.weight``), layer names the papers' (``relu4_2``, ``pool3``).
ReLUs are not in place: a convolution's feature map that was kept must not be overwritten by the ReLU after it.
"""

from collections.abc import Iterator

from torch import nn

# Table 1 of the paper, columns A, B, D, E: convolutions per block; channels double up to 512.
CONVOLUTIONS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
VGG_CHANNELS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """The ``features`` of VGG-11/13/16/19, with or without batch norm; B×3×H×W in, B×512×H/32×W/32 out."""

    def __init__(self, name: str = "vgg19", *, batch_norm: bool = False) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.names: list[str] = []
        before = 3
        for block, (count, channels) in enumerate(zip(CONVOLUTIONS[name], VGG_CHANNELS, strict=True), start=1):
            for i in range(1, count + 1):
                self._append(f"conv{block}_{i}", nn.Conv2d(before, channels, 3, padding=1))
                if batch_norm:
                    self._append(f"bn{block}_{i}", nn.BatchNorm2d(channels))
                self._append(f"relu{block}_{i}", nn.ReLU())
                before = channels
            self._append(f"pool{block}", nn.MaxPool2d(2))

    def _append(self, name: str, module: nn.Module) -> None:
        self.names.append(name)
        self.features.append(module)

    def chain(self) -> Iterator[tuple[str, nn.Module]]:
        """The layers in order, each with its name."""
        return zip(self.names, self.features, strict=True)
