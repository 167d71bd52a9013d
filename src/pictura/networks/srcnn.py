"""SRCNN (Dong, Loy, He, Tang, TPAMI 2016, arXiv 1501.00092): three convolutions on an image enlarged in advance."""

import torch
from torch import Tensor, nn

SRCNN_CHANNELS = (64, 32)  # n1, n2 of the paper
INIT = 1e-3  # σ of the first weights, section 4.1


class SRCNN(nn.Module):
    """N×1×H×W, Y of a bicubically enlarged image in [0, 1], to the same with finer detail; not clamped.

    `kernels` are f1, f2, f3: 9-1-5 has 8,129 parameters, 9-5-5, the paper's best, 57,281. There is no padding: the
    result is smaller by the sum of (f - 1), as in the paper's training, unless the caller pads by `border` in advance.
    """

    def __init__(self, kernels: tuple[int, int, int] = (9, 5, 5)) -> None:
        super().__init__()
        n1, n2 = SRCNN_CHANNELS
        f1, f2, f3 = kernels
        self.extract = nn.Conv2d(1, n1, f1)
        self.map = nn.Conv2d(n1, n2, f2)
        self.reconstruct = nn.Conv2d(n2, 1, f3)
        self.border = sum(kernels) // 2 - 1
        for layer in (self.extract, self.map, self.reconstruct):
            nn.init.normal_(layer.weight, std=INIT)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, y: Tensor) -> Tensor:
        """N×1×H×W to N×1×(H - 2 border)×(W - 2 border)."""
        result: Tensor = self.reconstruct(torch.relu(self.map(torch.relu(self.extract(y)))))
        return result
