"""The loss of feed-forward style transfer, restated for one picture at a time."""

import pytest
import torch

from pictura import style
from pictura.losses.moments import moments
from pictura.losses.perceptual import PerceptualLoss
from pictura.losses.wasserstein import WassersteinLoss

STYLE = {"relu1_1": 1.0, "relu2_1": 3.0}
CONTENT = {"relu2_1": 2.0}


def look(encoder, picture):
    return {layer: moments(response) for layer, response in encoder(picture, list(STYLE)).items()}


@pytest.fixture
def styles(encoder, draw):
    return [look(encoder, draw(32, 32, seed)) for seed in (5, 6)]


def test_gram_is_the_releases(encoder, draw, styles) -> None:
    """ℓ_feat = |φ(ŷ) - φ(x)|² / (C H W); ℓ_style the mean square of the difference of G = F Fᵀ / (C H W)."""
    made, photo = draw(32, 40, 1), draw(32, 40, 2)
    content, style = PerceptualLoss(encoder, styles, CONTENT, STYLE, "gram")(made, photo, [1])
    f, p = encoder(made, list(STYLE)), encoder(photo, list(STYLE))
    assert content.item() == pytest.approx(2 * (f["relu2_1"] - p["relu2_1"]).square().mean().item())
    expected = 0.0
    for layer, weight in STYLE.items():
        flat = f[layer][0].flatten(1)
        gram = flat @ flat.T / flat.numel()
        expected += weight * (gram - styles[1][layer][1] / len(flat)).square().mean().item()
    assert style.item() == pytest.approx(expected)


def test_wasserstein_is_in_units_of_the_layers_spread(encoder, draw, styles) -> None:
    made, photo = draw(32, 40, 1), draw(32, 40, 2)
    content, style = PerceptualLoss(encoder, styles, CONTENT, STYLE)(made, photo, [0])
    f, p = encoder(made, list(STYLE)), encoder(photo, list(STYLE))
    squares = (f["relu2_1"] - p["relu2_1"]).square().sum(1).mean() / encoder.scale("relu2_1") ** 2
    assert content.item() == pytest.approx(2 * squares.item(), rel=1e-5)
    expected = 0.0
    for layer, weight in STYLE.items():
        distance = WassersteinLoss(*styles[0][layer], encoder.scale(layer))(*moments(f[layer]))
        expected += weight / 4 * distance.item()
    assert style.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", ["gram", "wasserstein"])
def test_each_picture_has_its_own_style_and_content(encoder, draw, styles, kind) -> None:
    judge = PerceptualLoss(encoder, styles, CONTENT, STYLE, kind)
    made = torch.cat([draw(32, 40, 1), draw(32, 40, 2)]).requires_grad_()
    photos = torch.cat([draw(32, 40, 3), draw(32, 40, 4)])
    content, style = judge(made, photos, [1, 0])
    for i, number in enumerate((1, 0)):
        alone = judge(made[i : i + 1], photos[i : i + 1], [number])
        torch.testing.assert_close(torch.stack([content[i], style[i]]), torch.cat(alone), rtol=1e-3, atol=1e-4)
    gradient = torch.autograd.grad(content[0] + style[0], made)[0]
    assert gradient[0].any()
    assert not gradient[1].any()


def test_the_painting_itself_has_no_style_loss(encoder, draw, styles) -> None:
    painting = draw(32, 32, 5)
    content, found = PerceptualLoss(encoder, styles, {}, STYLE)(painting, painting, [0])
    assert content.item() == 0
    assert found.item() == pytest.approx(0, abs=1e-4)


def test_relative_is_a_share_of_the_photos_own_distance(encoder, draw, styles) -> None:
    made, photo = draw(32, 40, 1), 0.2 * draw(32, 40, 2)
    _, own = PerceptualLoss(encoder, styles, {}, STYLE, relative=True)(photo, photo, [0])
    assert own.item() == pytest.approx(1, rel=1e-5)
    _, share = PerceptualLoss(encoder, styles, {}, {"relu2_1": 1.0}, relative=True)(made, photo, [0])
    (_, far), (_, near) = (
        PerceptualLoss(encoder, styles, {}, {"relu2_1": 1.0})(picture, photo, [0]) for picture in (photo, made)
    )
    assert share.item() == pytest.approx(near.item() / far.item(), rel=1e-5)


def test_a_painting_seen_through_the_same_noise_is_its_own_style(encoder, draw) -> None:
    painting, noise = draw(64, 64, 5), 0.3
    generator = torch.Generator().manual_seed(0)
    clean, noisy = (style.encode_style(painting, encoder, list(STYLE), 64, sigma, generator) for sigma in (0.0, noise))
    judge = PerceptualLoss(encoder, [clean, noisy], {}, STYLE, smoothing=noise)
    _, found = judge(painting.repeat(2, 1, 1, 1), painting.repeat(2, 1, 1, 1), [0, 1], generator)
    assert found[1] < 0.2 * found[0]


def test_gram_in_the_numbers_of_gatys(encoder, draw, styles) -> None:
    """½ mean (F - P)², with the printed E = Σ (G/M - A/M)² / (4 N²)."""
    made, photo = draw(32, 40, 1), draw(32, 40, 2)
    content, style = PerceptualLoss(encoder, styles, CONTENT, STYLE, "gram", paper="gatys")(made, photo, [1])
    f, p = encoder(made, list(STYLE)), encoder(photo, list(STYLE))
    assert content.item() == pytest.approx((f["relu2_1"] - p["relu2_1"]).square().mean().item())
    expected = 0.0
    for layer, weight in STYLE.items():
        flat = f[layer][0].flatten(1)
        difference = flat @ flat.T / flat.shape[1] - styles[1][layer][1]
        expected += weight * difference.square().sum().item() / (4 * len(flat) ** 2)
    assert style.item() == pytest.approx(expected)


def test_targets_are_encoded_once_for_many_images(encoder, draw, styles) -> None:
    loss = PerceptualLoss(encoder, styles, CONTENT, STYLE, relative=True)
    photos, made = torch.cat([draw(32, 40, 3), draw(32, 40, 4)]), torch.cat([draw(32, 40, 1), draw(32, 40, 2)])
    targets = loss.encode_targets(photos, [1, 0])
    for images in (made, photos):
        torch.testing.assert_close(loss.compare(images, targets), loss(images, photos, [1, 0]))


def test_noise_comes_from_the_generator_only(encoder, draw, styles) -> None:
    loss = PerceptualLoss(encoder, styles, CONTENT, STYLE, smoothing=0.1)
    made, photo = draw(32, 40, 1), draw(32, 40, 2)
    before = torch.get_rng_state()
    one, other = (loss(made, photo, [0], torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(torch.cat(one), torch.cat(other))
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(ValueError, match=r"needs a torch\.Generator"):
        loss(made, photo, [0])
