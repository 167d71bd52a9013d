"""How large a layer's features are, so that losses on different layers can be weighed against each other."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from pictura.encoders.encoder import Encoder

NOISE_SIDE = 256  # pixels of the noise image: more than any receptive field used for style


@torch.no_grad()
def measure(encoder: "Encoder", pictures: Iterable[Tensor], layers: Sequence[str]) -> dict[str, float]:
    """Root of the total variance of each layer's features over all positions of `pictures`.

    `pictures` are B×3×H×W in [0, 1] and may differ in size. Total variance is the sum over channels of the
    variance about the channel's mean, so a mean square distance divided by the square of this number is a share.
    """
    count = dict.fromkeys(layers, 0)
    total: dict[str, Tensor] = {}
    squares: dict[str, Tensor] = {}
    for picture in pictures:
        for layer, features in encoder(picture, layers).items():
            flat = features.movedim(1, 0).flatten(1).double()
            count[layer] += flat.shape[1]
            total[layer] = total.get(layer, 0) + flat.sum(1)
            squares[layer] = squares.get(layer, 0) + flat.square().sum(1)
    return {n: (squares[n] / count[n] - (total[n] / count[n]).square()).sum().sqrt().item() for n in layers}


def noise_picture(side: int = NOISE_SIDE) -> Tensor:
    """1×3×side×side in [0, 1]: noise with a 1/f amplitude spectrum, as natural images have; always the same.

    Mean 0.45 and standard deviation 0.25, mostly shared by the channels (Field 1987, J. Opt. Soc. Am. A 4: 2379).
    """
    generator = torch.Generator().manual_seed(0)
    white = torch.randn(4, side, side, generator=generator)
    frequency = torch.hypot(torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side)[None])
    frequency[0, 0] = torch.inf  # no mean
    noise: Tensor = torch.fft.irfft2(torch.fft.rfft2(white) / frequency, s=(side, side))
    noise = noise / noise.std(dim=(1, 2), keepdim=True)
    coloured: Tensor = 0.95 * noise[:1] + 0.3 * noise[1:]
    return (0.45 + 0.25 * coloured).clamp(0, 1)[None]
