"""The networks of VAE/GAN (Larsen et al. 2016, arXiv 1512.09300, table 1), after andersbll/autoencoding_beyond_pixels.

Pictures are N×3×S×S in [-1, 1]. S is 64 in the paper, and 32 in a variant of the release, which has other channels;
here any S is halved three times, and `width` scales all channels.
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from pictura.runtime.errors import PicturaError

MOMENTUM, EPS = 0.1, 1e-6  # of the norms; the release's momentum of 0.9 is the share that stays
ENCODER = (64, 128, 256)  # channels after each step down, at width 1
DECODER = (256, 256, 128, 32)  # of the first map, and after each step up
CRITIC = (32, 128, 256, 256)  # of the first convolution, and after each step down
CRITIC_UNITS = 512


def scale_channels(channels: Sequence[int], width: float) -> list[int]:
    """As many as the width says, 1 at least."""
    return [max(1, round(width * c)) for c in channels]


def check_size(size: int) -> None:
    """Refuse sides that three halvings do not divide.

    Raises:
        PicturaError: says which can be taken.
    """
    if size % 8:
        raise PicturaError(f"VAE/GAN halves its pictures three times, which {size} pixels do not allow: set size=64.")


def build_encoder(size: int, code: int, units: int, width: float = 1.0) -> nn.Sequential:
    """Pictures to N×2Z: mean and log-variance; `units` of the fully connected layer."""
    widths, side = scale_channels(ENCODER, width), size // 8
    steps = [
        _normalize(nn.Conv2d(c, d, 5, stride=2, padding=2, bias=False))
        for c, d in zip([3, *widths], widths, strict=False)
    ]
    full = _normalize(nn.Linear(widths[-1] * side**2, units, bias=False))
    return nn.Sequential(*steps, nn.Flatten(), full, nn.Linear(units, 2 * code))


def build_decoder(size: int, code: int, width: float = 1.0) -> nn.Sequential:
    """Codes N×Z to pictures."""
    first, *widths = scale_channels(DECODER, width)
    side = size // 8
    steps = [
        _normalize(nn.ConvTranspose2d(c, d, 5, stride=2, padding=2, output_padding=1, bias=False))
        for c, d in zip([first, *widths], widths, strict=False)
    ]
    full = _normalize(nn.Linear(code, first * side**2, bias=False))
    last = nn.Conv2d(widths[-1], 3, 5, padding=2)
    return nn.Sequential(full, nn.Unflatten(1, (first, side, side)), *steps, last, nn.Tanh())


class Critic(nn.Module):
    """Pictures to (answers N×1, large for "real"; features N×C×S/8×S/8, the Dis_l of the likelihood).

    The features are what the fourth convolution gives, before its norm (`recon_depth` 9 in the release).
    """

    def __init__(self, size: int, width: float = 1.0) -> None:
        super().__init__()
        widths, side = scale_channels(CRITIC, width), size // 8
        units = max(1, round(width * CRITIC_UNITS))
        down = [nn.Conv2d(c, d, 5, stride=2, padding=2, bias=False) for c, d in pairwise(widths)]
        self.eyes = nn.Sequential(
            nn.Conv2d(3, widths[0], 5, padding=2), nn.ReLU(), *(_normalize(c) for c in down[:-1]), down[-1]
        )
        self.mind = nn.Sequential(
            nn.BatchNorm2d(widths[-1], EPS, MOMENTUM),
            nn.ReLU(),
            nn.Flatten(),
            _normalize(nn.Linear(widths[-1] * side**2, units, bias=False)),
            nn.Linear(units, 1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Answers and features."""
        features = self.eyes(x)
        return self.mind(features).float(), features.float()


def _normalize(layer: nn.Conv2d | nn.ConvTranspose2d | nn.Linear) -> nn.Sequential:
    if isinstance(layer, nn.Linear):
        return nn.Sequential(layer, nn.BatchNorm1d(layer.out_features, EPS, MOMENTUM), nn.ReLU())
    return nn.Sequential(layer, nn.BatchNorm2d(layer.out_channels, EPS, MOMENTUM), nn.ReLU())
