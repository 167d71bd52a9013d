"""The class heads' arithmetic, against numbers."""

import torch
from torch.nn import functional as F

from pictura.losses.conditional import SHARPNESS, class_loss, guess_class, pick_class


def answers():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 4, side, side, generator=generator) for side in (4, 2)]


def test_pick_class():
    given, shares = answers(), torch.tensor([[0.0, 1, 0], [0.25, 0, 0.75]])
    for answer, picked in zip(given, pick_class(given, shares, gain=4.0), strict=True):
        torch.testing.assert_close(picked[0], 4 * (answer[0, 0] + answer[0, 2]))
        torch.testing.assert_close(picked[1], 4 * (answer[1, 0] + 0.25 * answer[1, 1] + 0.75 * answer[1, 3]))


def test_class_loss_is_the_cross_entropy_of_mean_answers():
    given, shares = answers(), torch.tensor([[0.0, 1, 0], [0.25, 0, 0.75]])
    wanted = 0.0
    for answer in given:
        log_p = F.log_softmax(SHARPNESS * answer[:, 1:].flatten(2).mean(2), 1)
        wanted -= (shares * log_p).sum() / 2 / 2
    torch.testing.assert_close(class_loss(given, shares), wanted)


def test_guess_class():
    given = [torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 1, 1)]
    given[0][0, 2] = 0.3
    given[1][0, 1] = 0.2
    assert guess_class(given).tolist() == [1]
