"""How VGG-19 judges a stylised picture: two numbers, lower is better; the photograph itself scores style 1, content 0.

Longest side 512 unless said. *style*: mean over relu1_1 … relu5_1 of W2(result, painting) / W2(photograph, painting),
squared distances. *content*: mean squared difference of relu4_2 between result and photograph, over the variance of the
photograph's.
"""

import torch
from torch import Tensor

from pictura import encoders
from pictura.losses.moments import moments
from pictura.losses.wasserstein import WassersteinLoss
from pictura.picture.resize import resize, resize_longest
from pictura.style import STYLE_LAYERS


class Judge:
    """VGG-19 (Caffe family) in float32 with the papers' zero padding."""

    def __init__(self, side: int = 512) -> None:
        self.side = side
        self.encoder = encoders.load_encoder("vgg19-caffe", padding="zeros", dtype="float32")

    @torch.no_grad()
    def __call__(self, result: Tensor, photograph: Tensor, painting: Tensor) -> tuple[float, float]:
        """(style, content) of a result, for pictures 1×3×H×W in [0, 1] of any size."""
        photograph = resize_longest(photograph, self.side)
        result = resize(result, (photograph.shape[-2], photograph.shape[-1]))
        if max(painting.shape[2:]) > self.side:
            painting = resize_longest(painting, self.side)
        layers = [*STYLE_LAYERS, "relu4_2"]
        made, photo, paint = (self.encoder(x, layers) for x in (result, photograph, painting))
        style = 0.0
        for layer in STYLE_LAYERS:
            target = WassersteinLoss(*moments(paint[layer]), self.encoder.scale(layer))
            style += (target(*moments(made[layer])) / target(*moments(photo[layer]))).item() / len(STYLE_LAYERS)
        content = (made["relu4_2"] - photo["relu4_2"]).square().mean() / photo["relu4_2"].var(dim=(2, 3)).mean()
        return style, content.item()
