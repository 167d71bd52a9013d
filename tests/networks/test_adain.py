"""AdaIN against the paper's formula, and its decoders."""

import pytest
import torch

from pictura.networks.adain import CODE_SIZE, EPS, AdaIN, Decoder, LightDecoder
from pictura.networks.layers.norm import use_statistics


@pytest.fixture
def responses():
    return torch.randn(2, 5, 7, 9, generator=torch.Generator().manual_seed(0)) * 3 + 1


def test_equation_8(responses):
    mean, std = torch.randn(2, 5), torch.rand(2, 5) + 0.5
    made = AdaIN()(responses, mean, std, torch.ones(2))
    for n in range(2):
        for c in range(5):
            x = responses[n, c]
            deviation = ((x - x.mean()).square().mean() + EPS).sqrt()
            torch.testing.assert_close(made[n, c], std[n, c] * (x - x.mean()) / deviation + mean[n, c])


def test_strength_goes_in_a_straight_line(responses):
    mean, std = torch.randn(2, 5), torch.rand(2, 5) + 0.5
    exchange = AdaIN()
    none, half, full = (exchange(responses, mean, std, torch.full((2,), s)) for s in (0.0, 0.5, 1.0))
    torch.testing.assert_close(none, responses)
    torch.testing.assert_close(half, (none + full) / 2)


def test_own_statistics_change_nothing(responses):
    std = (responses.var((2, 3), correction=0) + EPS).sqrt()
    made = AdaIN()(responses, responses.mean((2, 3)), std, torch.ones(2))
    torch.testing.assert_close(made, responses)


def test_statistics_of_the_whole_picture_are_taken_when_given(responses):
    one = responses[:1]
    exchange, mean, std = AdaIN(), torch.randn(1, 5), torch.ones(1, 5)
    whole = exchange(one, mean, std, torch.ones(1))
    with use_statistics({exchange: (one.mean((0, 2, 3)), one.var((0, 2, 3), correction=0))}):
        torch.testing.assert_close(exchange(one[..., :3], mean, std, torch.ones(1)), whole[..., :3])


def test_the_papers_decoder():
    decoder = Decoder()
    assert sum(p.numel() for p in decoder.parameters()) == 3_505_219
    assert decoder(torch.rand(1, 512, 4, 6)).shape == (1, 3, 32, 48)


def test_the_light_decoder_knows_photo_and_style():
    torch.manual_seed(0)
    decoder = LightDecoder([4, 6, 8], description_size=10, widths=(8, 8, 4), blocks=1)
    description = torch.randn(2, 10)
    torch.testing.assert_close(decoder.code(description, torch.zeros(2)), decoder.photo.expand(2, CODE_SIZE))
    assert not torch.equal(*decoder.code(description, torch.ones(2)))
    levels = torch.rand(2, 4, 16, 24), torch.rand(2, 6, 8, 12), torch.rand(2, 8, 4, 6)
    made = decoder(*levels, description, torch.ones(2))
    assert made.shape == (2, 3, 32, 48)
    assert made.min() >= -0.05
    assert made.max() <= 1.05
