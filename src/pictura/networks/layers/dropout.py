"""Dropout whose mask is a function of noise in the picture: the same whatever tile a position is computed in.

Where dropout is the only noise of a generator, as in pix2pix, it stays on in use. torch draws its masks from a running
generator, so that they change with the order in which tiles come. Here a mask is hashed from a noise image that goes
with the picture, one byte a pixel, and from nothing else.
"""

import torch
from torch import Tensor, nn

WORD = 32  # bits of one hash, each of them the mask of a channel
MAX_WORDS = 1024  # hashes a layer may ask for: those of the next layer begin behind them


class NoiseDropout(nn.Module):
    """N×C×h×w with half of its numbers set to 0 and the others doubled.

    Args:
        stride: pixels of the picture a position, 2 at least.
        place: which of a network's dropouts it is; each has other masks.
    """

    def __init__(self, stride: int, place: int) -> None:
        super().__init__()
        self.stride, self.place = stride, place

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        """N×C×h×w and N×1×H×W of multiples of 1/255 in [0, 1] to the former's shape; without noise x itself."""
        if noise is None:
            return x
        return x * (2 * self.mask(noise, x.shape[1])).to(x.dtype)

    def mask(self, noise: Tensor, channels: int) -> Tensor:
        """N×C×h×w of zeros and ones."""
        noise = (255 * noise).round().int()
        first, s = range(2), self.stride
        parts = [noise[..., top::s, left::s] for top in first for left in first]  # four bytes of each position's pixels
        seed = parts[0] | parts[1] << 8 | parts[2] << 16 | parts[3] << 24  # N×1×h×w
        words = -(-channels // WORD)
        salts = torch.arange(words, dtype=torch.int32, device=noise.device) + self.place * MAX_WORDS
        hashes = mix_bits(seed ^ mix_bits(salts).view(1, -1, 1, 1))  # N×words×h×w
        bits = torch.arange(WORD, dtype=torch.int32, device=noise.device).view(1, 1, -1, 1, 1)
        return (hashes[:, :, None] >> bits).bitwise_and_(1).flatten(1, 2)[:, :channels]


def mix_bits(n: Tensor) -> Tensor:
    """int32 to int32, each bit of the result depending on all of the input's.

    The constants are those of lowbias32 (Wellons 2018, "Prospecting for Hash Functions"). Products wrap; a shift of a
    negative number fills with ones, which are masked.
    """
    n = (n ^ (n >> 16 & 0xFFFF)) * 0x7FEB352D
    n = (n ^ (n >> 15 & 0x1FFFF)) * (0x846CA68B - 2**32)
    return n ^ (n >> 16 & 0xFFFF)


def draw_noise(like: Tensor, generator: torch.Generator) -> Tensor:
    """N×1×H×W of multiples of 1/255 for pictures N×3×H×W, from the processor's generator."""
    noise = torch.randint(256, (len(like), 1, *like.shape[-2:]), dtype=torch.uint8, generator=generator)
    return (noise.to(torch.float32) / 255).to(like.device)
