"""The loss tile by tile is the loss of the whole."""

import pytest
import torch

from pictura.methods.iterative.objective import StyleObjective
from pictura.methods.iterative.tiled import TiledObjective, memory_per_pixel, split_side
from pictura.style.sources import ImageStyle

SIZE = (75, 101)  # neither a multiple of the encoder's strides


def rough(draw):
    """A picture without flat parts, whose covariances would be all rounding."""
    noise = torch.randn(1, 3, *SIZE, generator=torch.Generator().manual_seed(1))
    return (draw(*SIZE, seed=3) + 0.1 * noise).clamp(0, 1)


def evaluate_tiled(encoder, settings, style, content, x, emphasis=None, sigma=0.0):
    """The terms and the gradient of x, from tiles as small as they come."""

    def reads(picture):
        return lambda rows, columns: picture[..., rows, columns].clone()

    content = None if content is None else reads(content)
    objective = TiledObjective(encoder, settings, style, content, SIZE, sigma, emphasis, memory=1)
    assert len(objective.rows) > 1 and len(objective.columns) > 2
    gradient = torch.full_like(x, torch.nan)
    seen = []

    def update(rows, part):
        seen.extend(range(SIZE[0])[rows])
        gradient[..., rows, :] = part

    terms = objective.evaluate(reads(x), torch.Generator().manual_seed(0), update)
    assert seen == list(range(SIZE[0]))
    return terms, gradient


@pytest.mark.parametrize("case", ["wasserstein", "gram", "texture", "emphasis"])
def test_terms_and_gradient_are_those_of_the_whole(case, encoder, quick, draw):
    settings = quick.with_changes(loss="gram" if case == "gram" else "wasserstein", tv_weight=1.0, content_weight=0.1)
    style = ImageStyle([draw(64, 50, seed=2)], encoder, list(settings.style_layers)).at(64)
    content = None if case == "texture" else draw(*SIZE, seed=1)
    emphasis = 1 + 7 * draw(20, 30)[:, :1] if case == "emphasis" else None
    x = rough(draw)

    whole = x.clone().requires_grad_()
    terms = StyleObjective(encoder, settings, style, content, emphasis=emphasis)(whole)
    wanted = torch.autograd.grad(torch.stack(list(terms.values())).sum(), whole)[0]
    found, gradient = evaluate_tiled(encoder, settings, style, content, x, emphasis)

    assert found == pytest.approx({name: term.item() for name, term in terms.items()}, rel=1e-4)
    assert (gradient - wanted).norm() < 1e-3 * wanted.norm()


def test_noise_is_the_same_where_tiles_overlap(encoder, quick, draw):
    """The same noise on the whole picture gives the same terms; Gram's, since roots of covariances magnify rounding."""
    quick = quick.with_changes(loss="gram")
    style = ImageStyle([draw(64, 50, seed=2)], encoder, list(quick.style_layers)).at(64)
    x, content = rough(draw), draw(*SIZE, seed=1)
    noise = 0.05 * torch.randn(1, 3, 512, 512, generator=torch.Generator().manual_seed(0))
    noisy = StyleObjective(encoder, quick, style, content, lambda x: x + noise[..., : SIZE[0], : SIZE[1]])
    found, _ = evaluate_tiled(encoder, quick, style, content, x, sigma=0.05)
    assert found == pytest.approx({name: term.item() for name, term in noisy(x).items()}, rel=1e-4)


@pytest.mark.parametrize("length", [1, 15, 16, 17, 100, 128])
def test_cores_share_a_side_out(length):
    spans = split_side(length, 32, 16)
    assert [i for span in spans for i in range(span.core_start, span.core_stop)] == list(range(length))
    assert spans[0].first and spans[-1].last
    for span in spans:
        assert span.start == max(0, span.core_start - 16) and span.stop == min(length, span.core_stop + 16)


def test_memory_grows_with_what_an_encoder_holds(encoder):
    assert memory_per_pixel(encoder) > 3 * 4  # bytes of three channels alone
