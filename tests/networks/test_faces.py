"""The two networks for faces beside what the lab's straight-line evaluation of the same weights gave."""

import torch
from torch import Tensor

from pictura.faces.weights import load_detector, load_landmark_network
from pictura.networks.faces import LANDMARK_SIDE, STRIDE

LANDMARKS = [[0.346844, 0.508108], [0.541875, 0.552245], [0.679469, 0.519956]]
# Score, middle, width and height of the two best.
BOXES = [[0.011525, 0.858306, 0.890469, 0.841599, 0.856947], [0.00843, 0.503316, 0.444992, 0.30403, 0.33141]]


def waves(height: int, width: int) -> Tensor:
    """1×3×H×W in [0, 1]."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([0.5 + 0.5 * torch.sin(0.07 * (k + 1) * x + 0.05 * y + k) for k in range(3)])[None]


def test_landmarks_as_recorded() -> None:
    points = load_landmark_network()(waves(LANDMARK_SIDE, LANDMARK_SIDE))
    assert points.shape == (1, 68, 2)
    torch.testing.assert_close(points[0, [0, 30, 67]], torch.tensor(LANDMARKS), atol=2e-5, rtol=0)


def test_boxes_as_recorded() -> None:
    boxes = load_detector()(waves(160, 160))
    assert boxes.shape == (1, 5 * (160 // STRIDE) ** 2, 5)
    best = boxes[0, boxes[0, :, 0].argsort(descending=True)[:2]]
    torch.testing.assert_close(best, torch.tensor(BOXES), atol=2e-5, rtol=1e-4)


def test_a_picture_is_searched_the_same_alone_and_beside_others() -> None:
    images = torch.cat([waves(64, 64), waves(64, 64).flip(3)])
    together, alone = load_detector()(images), load_detector()(images[1:])
    torch.testing.assert_close(together[1:], alone)
