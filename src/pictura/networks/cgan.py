"""The fully connected networks of the conditional GAN (Mirza and Osindero 2014, arXiv 1411.1784, section 4.1).

z and the label y each have a layer of their own, and a joint one sees both. The critic's units are maxout: the largest
of several linear ones (Goodfellow et al. 2013, arXiv 1302.4389).
"""

import torch
from torch import Tensor, nn

Z_UNITS, Y_UNITS, JOINT_UNITS = 200, 1000, 1200  # of the generator
MAXOUT_X, MAXOUT_Y, MAXOUT_JOINT = (240, 5), (50, 5), (240, 4)  # units, pieces of the critic
DROPOUT = 0.5  # of all hidden units


class CGenerator(nn.Module):
    """z N×Z and y N×K to pictures N×C×S×S in [-1, 1] (in the paper a sigmoid's [0, 1], which is the same network)."""

    def __init__(self, size: int, channels: int, code: int, classes: int) -> None:
        super().__init__()
        self.of_z = nn.Sequential(nn.Linear(code, Z_UNITS), nn.ReLU(), nn.Dropout(DROPOUT))
        self.of_y = nn.Sequential(nn.Linear(classes, Y_UNITS), nn.ReLU(), nn.Dropout(DROPOUT))
        self.joint = nn.Sequential(
            nn.Linear(Z_UNITS + Y_UNITS, JOINT_UNITS),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(JOINT_UNITS, channels * size**2),
            nn.Unflatten(1, (channels, size, size)),
        )

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """N×C×S×S."""
        logits: Tensor = self.joint(torch.cat([self.of_z(z), self.of_y(y)], 1))
        return 2 * torch.sigmoid(logits.float()) - 1


class CCritic(nn.Module):
    """Pictures N×C×S×S in [-1, 1] and y N×K to answers N×1, large for "real"."""

    def __init__(self, size: int, channels: int, classes: int) -> None:
        super().__init__()
        self.of_x = nn.Sequential(nn.Flatten(), Maxout(channels * size**2, *MAXOUT_X), nn.Dropout(DROPOUT))
        self.of_y = nn.Sequential(Maxout(classes, *MAXOUT_Y), nn.Dropout(DROPOUT))
        self.joint = nn.Sequential(
            Maxout(MAXOUT_X[0] + MAXOUT_Y[0], *MAXOUT_JOINT), nn.Dropout(DROPOUT), nn.Linear(MAXOUT_JOINT[0], 1)
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """N×1."""
        answers: Tensor = self.joint(torch.cat([self.of_x((x + 1) / 2), self.of_y(y)], 1))
        return answers.float()


class Maxout(nn.Module):
    """N×inputs to N×units, each the largest of `pieces` linear ones."""

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, units * pieces)
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        """N×units."""
        largest: Tensor = self.linear(x).unflatten(1, (-1, self.pieces)).amax(2)
        return largest
