"""Instance norm, with and without styles, with and without statistics from elsewhere."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from pictura.networks.layers.norm import ConditionalNorm, InstanceNorm, observe_inputs, use_statistics


@pytest.fixture
def responses() -> torch.Tensor:
    return 3 + 2 * torch.randn(2, 5, 7, 9, generator=torch.Generator().manual_seed(0))


def test_is_torchs_instance_norm_with_the_same_keys(responses) -> None:
    torch_own, ours = nn.InstanceNorm2d(5, affine=True), InstanceNorm(5)
    nn.init.normal_(torch_own.weight)
    nn.init.normal_(torch_own.bias)
    ours.load_state_dict(torch_own.state_dict())
    torch.testing.assert_close(ours(responses), torch_own(responses), atol=1e-5, rtol=0)


def test_keeps_channels_last(responses) -> None:
    made = InstanceNorm(5)(responses.contiguous(memory_format=torch.channels_last))
    assert made.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_is_exact_where_the_mean_is_large(memory_format) -> None:
    """Group norm, the obvious choice, is not: the difference of large numbers is off by more than a hundredth."""
    x = (1 + 0.01 * torch.randn(1, 16, 256, 256, generator=torch.Generator().manual_seed(0))).double()
    exact, x = F.instance_norm(x), x.float().contiguous(memory_format=memory_format)
    assert (InstanceNorm(16)(x) - exact).abs().mean() < 2e-5
    assert (InstanceNorm(16)(x.requires_grad_()) - exact).abs().mean() < 2e-3  # quicker, as training wants it
    if memory_format == torch.channels_last:
        assert (torch.group_norm(x.detach(), 16) - exact).abs().mean() > 5e-3


def test_statistics_are_float32_for_half_precision() -> None:
    """A mean of 300 with a spread of 4 is lost where sums are kept in bfloat16."""
    x = (300 + 4 * torch.randn(1, 2, 64, 64, generator=torch.Generator().manual_seed(0))).bfloat16()
    made = InstanceNorm(2)(x.contiguous(memory_format=torch.channels_last))
    assert made.dtype == torch.bfloat16
    assert made.float().mean().abs() < 1e-2
    assert (made.float() - F.instance_norm(x.double())).abs().max() < 0.05


def test_gradients_are_torchs(responses) -> None:
    ours, torch_own = InstanceNorm(5), nn.InstanceNorm2d(5, affine=True)
    inputs = [responses.clone().requires_grad_() for _ in range(2)]
    for norm, x in zip((ours, torch_own), inputs, strict=True):
        (norm(x).sin() * torch.arange(9.0)).sum().backward()
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(ours.weight.grad, torch_own.weight.grad, atol=1e-3, rtol=1e-4)


def test_exports_as_the_same_function(responses) -> None:
    for norm, extra in ((InstanceNorm(5), ()), (ConditionalNorm(5, 3), (torch.rand(2, 3),))):
        program = torch.export.export(norm, (responses, *extra))
        torch.testing.assert_close(program.module()(responses, *extra), norm(responses, *extra), atol=1e-4, rtol=1e-4)


def test_one_position_is_the_shift() -> None:
    norm = InstanceNorm(3)
    nn.init.normal_(norm.bias)
    # The mean is rounded to 2^-24 of numbers below 1, and the deviation it is divided by is √eps.
    rounding = 2**-24 / norm.eps**0.5
    torch.testing.assert_close(norm(torch.rand(1, 3, 1, 1)).flatten(), norm.bias, atol=2 * rounding, rtol=0)


def test_given_statistics_take_the_place_of_those_that_come_in(responses) -> None:
    norm = InstanceNorm(5)
    piece = responses[:1, :, :3, :4]
    with use_statistics({norm: (responses[0].mean((1, 2)), responses[0].var((1, 2), correction=0))}):
        found = norm(piece)
    torch.testing.assert_close(found, norm(responses[:1])[..., :3, :4], atol=1e-5, rtol=0)


def test_each_picture_of_a_batch_has_its_own_style(responses) -> None:
    norm = ConditionalNorm(5, 3)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    mix = torch.tensor([[0.0, 1.0, 0.0], [0.25, 0.0, 0.75]])
    made = norm(responses, mix)
    for i, row in enumerate(mix):
        alone = F.instance_norm(responses[i : i + 1], weight=row @ norm.weight, bias=row @ norm.bias)
        torch.testing.assert_close(made[i : i + 1], alone, atol=1e-5, rtol=0)
        torch.testing.assert_close(norm(responses[i : i + 1], row[None]), alone, atol=1e-5, rtol=0)


def test_one_row_of_shares_counts_for_all(responses) -> None:
    norm, mix = ConditionalNorm(5, 3), torch.tensor([[0.2, 0.5, 0.3]])
    nn.init.normal_(norm.weight)
    assert torch.equal(norm(responses, mix), norm(responses, mix.expand(2, -1)))


def test_an_inner_call_adds_to_an_outer_one(responses) -> None:
    first, second, third = (InstanceNorm(5) for _ in range(3))
    outer, inner, added = ((torch.full((5,), float(i)), torch.ones(5)) for i in range(3))
    with use_statistics({first: outer, second: outer}):
        with use_statistics({second: inner}) as known:
            known[third] = added
            assert [norm.given_statistics(responses) for norm in (first, second, third)] == [outer, inner, added]
        assert [norm.given_statistics(responses) for norm in (first, second, third)] == [outer, outer, None]
    assert first.given_statistics(responses) is None


def test_an_observer_sees_what_comes_in_and_what_is_given(responses) -> None:
    norm, given, seen = InstanceNorm(5), (torch.zeros(5), torch.ones(5)), []
    with observe_inputs(lambda layer, x, statistics: seen.append((layer, x, statistics))):
        norm(responses)
        with use_statistics({norm: given}):
            norm(responses)
    norm(responses)
    assert [(layer is norm, x is responses, statistics) for layer, x, statistics in seen] == [
        (True, True, None),
        (True, True, given),
    ]
