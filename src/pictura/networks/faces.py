"""Two small networks for faces: one that finds them, one that places 68 landmarks on a found one.

Both were trained by Vincent Mühler for face-api.js (github.com/justadudewhohacks/face-api.js, commit a86f011, MIT),
whose layers, paddings and means these are. The detector is a small YOLO (Redmon and Farhadi 2017, arXiv 1612.08242)
with separable convolutions; the other four dense blocks. Both see an image of [0, 1] sRGB.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 32  # pixels from cell to cell of the detector
LANDMARKS, LANDMARK_SIDE = 68, 112
# Width and height of the faces that the detector compares with, in cells.
ANCHORS = (
    (1.603231, 2.094468),
    (6.041143, 7.080126),
    (2.882459, 3.518061),
    (4.266906, 5.178857),
    (9.041765, 10.66308),
)
# The mean pixels of the training, in numbers from 0 to 255, and by what the rest was divided.
DETECTOR_MEAN, DETECTOR_SCALE = (117.001, 114.697, 97.404), 256
LANDMARK_MEAN, LANDMARK_SCALE = (122.782, 117.001, 104.298), 255


class Separable(nn.Module):
    """A depthwise 3×3 convolution, then a pointwise one: N×before×H×W to N×after×H/stride×W/stride, rounded up."""

    def __init__(self, before: int, after: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.depthwise = nn.Conv2d(before, before, 3, stride, groups=before, bias=False)
        self.pointwise = nn.Conv2d(before, after, 1, bias=False)
        self.bias = nn.Parameter(torch.zeros(after))  # beside the filters, as the weights' names have it

    def forward(self, x: Tensor) -> Tensor:
        """N×before×H×W to N×after×H/stride×W/stride."""
        x = self.depthwise(_pad_same(x, 3, self.stride))
        return F.conv2d(x, self.pointwise.weight, self.bias)


class FaceDetector(nn.Module):
    """Where faces may be: N×3×H×W, sides multiples of 32, to boxes N×cells×5, each (score, x, y, width, height).

    x and y are of the box's middle; all four are shares of the width or of the height of the image.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(3, 16, 3)
        self.conv1 = Separable(16, 32)
        self.conv2 = Separable(32, 64)
        self.conv3 = Separable(64, 128)
        self.conv4 = Separable(128, 256)
        self.conv5 = Separable(256, 512)
        self.conv8 = nn.Conv2d(512, 5 * len(ANCHORS), 1)  # the weights' names: 6 and 7 are of a larger one
        self.register_buffer("anchors", torch.tensor(ANCHORS), persistent=False)

    anchors: Tensor

    def forward(self, image: Tensor) -> Tensor:
        """N×3×H×W in [0, 1] to N×(5·H/32·W/32)×5."""
        # Channels last: poolings and depthwise convolutions are several times as fast.
        x = _normalize(image, DETECTOR_MEAN, DETECTOR_SCALE).contiguous(memory_format=torch.channels_last)
        x = self.conv0(x)  # unpadded, as trained: the first pooling makes up for it
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4, self.conv5):
            # The maximum of leaky ReLUs is the leaky ReLU of the maximum, of which there are fewer.
            x = conv(F.leaky_relu(F.max_pool2d(x, 2, ceil_mode=True), 0.1))
        x = F.pad(F.leaky_relu(x, 0.1), [0, 1, 0, 1], value=float("-inf"))
        return self._read_boxes(self.conv8(F.max_pool2d(x, 2, 1)))

    def _read_boxes(self, x: Tensor) -> Tensor:
        """What each cell says of each anchor, N×25×h×w, as boxes: N×(5·h·w)×5."""
        h, w = x.shape[-2:]
        x = x.view(len(x), len(ANCHORS), 5, h, w)  # x, y, width, height, score
        size = x.new_tensor([w, h])
        cell = torch.stack(torch.meshgrid(torch.arange(w), torch.arange(h), indexing="xy")).to(x)
        middle = (cell + x[:, :, 0:2].sigmoid()) / size[:, None, None]
        sides = x[:, :, 2:4].exp() * self.anchors[:, :, None, None] / size[:, None, None]
        found = torch.cat([x[:, :, 4:].sigmoid(), middle, sides], 2)
        return found.permute(0, 1, 3, 4, 2).flatten(1, 3)


class DenseBlock(nn.Module):
    """Four convolutions, the first of stride 2, each of the others added to the sum of all before."""

    def __init__(self, before: int, after: int, *, first: bool = False) -> None:
        super().__init__()
        self.first = first
        self.conv0: nn.Module = nn.Conv2d(before, after, 3, 2) if first else Separable(before, after, 2)
        self.conv1 = Separable(after, after)
        self.conv2 = Separable(after, after)
        self.conv3 = Separable(after, after)

    def forward(self, x: Tensor) -> Tensor:
        """N×before×H×W to N×after×H/2×W/2."""
        x = y = torch.relu(self.conv0(_pad_same(x, 3, 2) if self.first else x))
        for conv in (self.conv1, self.conv2, self.conv3):
            x = x + conv(y)
            y = torch.relu(x)
        return y


class LandmarkNetwork(nn.Module):
    """The 68 landmarks of a face, in the order of iBUG 300-W: N×3×112×112 to N×68×2, x and y as shares of the side.

    Seen from the front: jaw 0–16, brows 17–26, nose 27–35, eyes 36–41 and 42–47, lips 48–67; left is left in the image.
    """

    def __init__(self) -> None:
        super().__init__()
        self.dense0 = DenseBlock(3, 32, first=True)
        self.dense1 = DenseBlock(32, 64)
        self.dense2 = DenseBlock(64, 128)
        self.dense3 = DenseBlock(128, 256)
        self.fc = nn.Linear(256, 2 * LANDMARKS)

    def forward(self, image: Tensor) -> Tensor:
        """N×3×112×112 in [0, 1] to N×68×2."""
        x = _normalize(image, LANDMARK_MEAN, LANDMARK_SCALE).contiguous(memory_format=torch.channels_last)
        for block in (self.dense0, self.dense1, self.dense2, self.dense3):
            x = block(x)
        points: Tensor = self.fc(x.mean((2, 3)))
        return points.view(-1, LANDMARKS, 2)


def _normalize(image: Tensor, mean: tuple[float, ...], scale: float) -> Tensor:
    return (255 * image - image.new_tensor(mean)[:, None, None]) / scale


def _pad_same(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Padded with zeros as TensorFlow's SAME: to ⌈side / stride⌉ positions, the odd row and column behind."""
    padding: list[int] = []
    for side in (x.shape[-1], x.shape[-2]):
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        padding += [total // 2, total - total // 2]
    return F.pad(x, padding)
