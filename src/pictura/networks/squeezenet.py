"""SqueezeNet 1.1 (Iandola et al. 2016, arXiv 1602.07360, and the authors' later release), without its classifier.

Key names are torchvision's (``features.N.…``), layer names the authors': ``conv1``, ``relu1``, ``pool1``,
``fire2``, ``fire3``, ``pool3`` … ``fire9``.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

# (squeeze, expand) channels of fire2 … fire9, table 1 of the paper; 1.1 pools after fire3 and fire5.
FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
POOL_AFTER = (3, 5)


class Fire(nn.Module):
    """1×1 squeeze, then 1×1 and 3×3 expansions side by side, each rectified (figure 1)."""

    def __init__(self, before: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(before, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """B×before×H×W to B×2·expand×H×W."""
        x = torch.relu(self.squeeze(x))
        return torch.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], 1))


class SqueezeNet(nn.Module):
    """The ``features`` of SqueezeNet 1.1; B×3×H×W in, B×512×H/16×W/16 out.

    Pooling rounds sides up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.names: list[str] = []
        self._append("conv1", nn.Conv2d(3, 64, 3, 2))
        self._append("relu1", nn.ReLU())
        self._append("pool1", nn.MaxPool2d(3, 2, ceil_mode=True))
        before = 64
        for number, (squeeze, expand) in enumerate(FIRES, start=2):
            self._append(f"fire{number}", Fire(before, squeeze, expand))
            before = 2 * expand
            if number in POOL_AFTER:
                self._append(f"pool{number}", nn.MaxPool2d(3, 2, ceil_mode=True))

    def _append(self, name: str, module: nn.Module) -> None:
        self.names.append(name)
        self.features.append(module)

    def chain(self) -> Iterator[tuple[str, nn.Module]]:
        """The layers in order, each with its name."""
        return zip(self.names, self.features, strict=True)
