"""The networks of Zhang, Song and Qi 2017 (CAAE), as ZZUTK/Face-Aging-CAAE, FaceAging.py, has them.

Pictures lie in [-1, 1], labels are -1 and +1. All filters are 5×5; halving pads as TensorFlow's SAME does, one position
before and two behind. Only the critics have batch norm, without a scale.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

AGES, GENDERS = 10, 2  # labels
CODE = 50
INITIAL_STD = 0.02  # of all weights
KERNEL = 5
NORM_EPS = 1e-3  # TensorFlow's
SLOPE = 0.2  # of the leaky ReLU
SMALLEST = 4  # side of the smallest map of E and G
CRITIC_CHANNELS = (16, 32, 64, 128)  # of D_img, whatever the side
CRITIC_WIDTH = 1024  # of its last hidden layer
CODE_CRITIC_WIDTHS = (64, 32, 16)


class FaceEncoder(nn.Module):
    """E: N×3×side×side to codes N×code in (-1, 1).

    Args:
        side: of the pictures, 4 times a power of 2.
        width: channels of the first layer; each further one has twice as many, down to maps of 4×4.
        code: numbers of a code.
    """

    def __init__(self, side: int = 128, width: int = 64, code: int = CODE) -> None:
        super().__init__()
        channels = [3, *(width << i for i in range(_halvings(side)))]
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, KERNEL, 2) for a, b in pairwise(channels))
        self.last = nn.Linear(channels[-1] * SMALLEST**2, code)
        _initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Pictures to codes."""
        for convolution in self.convolutions:
            x = convolution(_pad(x)).relu()
        return torch.tanh(self.last(x.flatten(1)))


class FaceGenerator(nn.Module):
    """G: codes, ages N×10 and perhaps genders N×2, labels of ±1, to N×3×side×side in (-1, 1).

    Labels are tiled until they are as many as the numbers of a code. Arguments as of `FaceEncoder`.
    """

    def __init__(self, side: int = 128, width: int = 64, code: int = CODE, *, gender: bool = True) -> None:
        super().__init__()
        self.code = code
        halvings = _halvings(side)
        self.first_channels = width << (halvings - 1)
        channels = [self.first_channels >> i for i in range(halvings + 1)]
        labels = AGES * (code // AGES) + (GENDERS * (code // GENDERS) if gender else 0)
        self.first = nn.Linear(code + labels, self.first_channels * SMALLEST**2)
        # Their input is padded so, and twice as much cut off: what SAME means backwards.
        self.doublings = nn.ModuleList(nn.ConvTranspose2d(a, b, KERNEL, 2, padding=1) for a, b in pairwise(channels))
        self.smooth = nn.ConvTranspose2d(channels[-1], channels[-1] // 2, KERNEL, padding=2)
        self.last = nn.ConvTranspose2d(channels[-1] // 2, 3, KERNEL, padding=2)
        _initialize(self)

    def forward(self, z: Tensor, age: Tensor, gender: Tensor | None = None) -> Tensor:
        """Codes and labels to pictures."""
        given = [z, age.repeat(1, self.code // AGES)]
        if gender is not None:
            given.append(gender.repeat(1, self.code // GENDERS))
        x = self.first(torch.cat(given, 1)).relu().view(len(z), self.first_channels, SMALLEST, SMALLEST)
        for doubling in self.doublings:
            x = doubling(x)[..., :-1, :-1].relu()
        return torch.tanh(self.last(self.smooth(x).relu()))


class CodeCritic(nn.Module):
    """D_z: codes N×code to answers N×1, large for those drawn from the prior."""

    def __init__(self, code: int = CODE) -> None:
        super().__init__()
        widths = [code, *CODE_CRITIC_WIDTHS]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(BatchShift(width) for width in widths[1:])
        self.last = nn.Linear(widths[-1], 1)
        _initialize(self)

    def forward(self, z: Tensor) -> Tensor:
        """Codes to answers."""
        for layer, norm in zip(self.layers, self.norms, strict=True):
            z = norm(layer(z)).relu()
        answer: Tensor = self.last(z)
        return answer


class FaceCritic(nn.Module):
    """D_img: pictures N×3×side×side with their labels to answers N×1, large for real ones.

    The labels join behind the first layer, as maps: ten of the age and, tiled, ten of the gender.
    """

    def __init__(self, side: int = 128, *, gender: bool = True) -> None:
        super().__init__()
        labels = 2 * AGES if gender else AGES
        inputs = [3, CRITIC_CHANNELS[0] + labels, *CRITIC_CHANNELS[1:-1]]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, KERNEL, 2) for a, b in zip(inputs, CRITIC_CHANNELS, strict=True)
        )
        self.norms = nn.ModuleList(BatchShift(channels) for channels in CRITIC_CHANNELS)
        self.hidden = nn.Linear(CRITIC_CHANNELS[-1] * (side >> len(CRITIC_CHANNELS)) ** 2, CRITIC_WIDTH)
        self.last = nn.Linear(CRITIC_WIDTH, 1)
        _initialize(self)

    def forward(self, x: Tensor, age: Tensor, gender: Tensor | None = None) -> Tensor:
        """Pictures and labels to answers."""
        labels = age if gender is None else torch.cat([age, gender.repeat(1, AGES // GENDERS)], 1)
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            x = norm(convolution(_pad(x))).relu()
            if i == 0:
                x = torch.cat([x, labels[..., None, None].expand(-1, -1, *x.shape[2:]).to(x.dtype)], 1)
        answer: Tensor = self.last(F.leaky_relu(self.hidden(x.flatten(1)), SLOPE))
        return answer


class BatchShift(nn.Module):
    """Batch norm by the batch at hand, with a shift and no scale: N×C or N×C×H×W to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Each channel to mean `bias` and variance 1."""
        # Not F.batch_norm, which refuses a batch of one code.
        y = torch.batch_norm(x, None, None, None, None, True, 0.0, NORM_EPS, False)
        return y + self.bias.view(-1, *[1] * (x.dim() - 2))


def _halvings(side: int) -> int:
    """From the side to maps of 4×4."""
    return (side // SMALLEST).bit_length() - 1


def _pad(x: Tensor) -> Tensor:
    return F.pad(x, (1, 2, 1, 2))


def _initialize(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0, INITIAL_STD)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
