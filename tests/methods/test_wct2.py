"""WCT²: Haar transforms are exact, whitening and colouring is what it says."""

import numpy as np
import pytest
import torch

from pictura.methods import find_method
from pictura.methods.wct2.transform import FLOOR, feature_moments, mix_feature_moments, transfer, whiten_and_colour
from pictura.networks.wct2 import BANDS, SITES, encode, haar_pool, haar_unpool
from pictura.runtime.errors import PicturaError
from pictura.style import load_bundled_style


@pytest.fixture(scope="module")
def wct2():
    """Untrained."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    method = find_method("wct2")(find_method("wct2").tiny())
    method.decoder.eval().requires_grad_(False)
    return method


def features(seed, channels=12, height=20, width=30):
    """Correlated channels with means, none negative."""
    number = torch.Generator().manual_seed(seed)
    mix = torch.randn(channels, channels, generator=number) / 2
    white = torch.randn(channels, height * width, generator=number)
    return (mix @ white + torch.rand(channels, 1, generator=number)).view(1, channels, height, width)


def test_haar_pools_come_back_exactly_and_keep_energy():
    x = features(0)
    low, *high = haar_pool(x)
    assert low.shape == (1, 12, 10, 15)
    torch.testing.assert_close(haar_unpool(low, high), x, atol=2e-6, rtol=0)
    energy = sum(part.double().square().sum() for part in (low, *high))
    torch.testing.assert_close(energy, x.double().square().sum(), rtol=1e-6, atol=0)


def test_haar_pools_are_strided_convolutions_with_the_paper_s_kernels():
    """L = (1, 1) / √2 and H = (-1, 1) / √2 in both directions; LL Lᵀ L, LH Lᵀ H (across), HL Hᵀ L, HH Hᵀ H."""
    low, high = torch.tensor([1.0, 1.0]) / 2**0.5, torch.tensor([-1.0, 1.0]) / 2**0.5
    x = features(1, channels=1)
    for made, (down, across) in zip(haar_pool(x), ((low, low), (low, high), (high, low), (high, high)), strict=True):
        kernel = torch.outer(down, across)[None, None]
        torch.testing.assert_close(made, torch.nn.functional.conv2d(x, kernel, stride=2), atol=1e-5, rtol=0)


def test_whitening_and_colouring_straight_from_the_formula():
    """C_s^½ C_c^-½ (x - μ_c) + μ_s with roots by numpy, in float64."""
    f, s = features(2), features(3, height=17)
    x, y = (t[0].flatten(1).double().numpy() for t in (f, s))

    def power(c, exponent):
        values, axes = np.linalg.eigh(c)
        return axes @ np.diag(values**exponent) @ axes.T

    c_c, c_s = (np.cov(t, bias=True) for t in (x, y))
    straight = power(c_s, 0.5) @ power(c_c, -0.5) @ (x - x.mean(1, keepdims=True)) + y.mean(1, keepdims=True)
    a, b = whiten_and_colour(feature_moments(f), feature_moments(s))
    np.testing.assert_allclose(a.numpy() @ x + b.numpy()[:, None], straight, atol=1e-4)
    made = transfer(f, feature_moments(s))[0].flatten(1).double().numpy()
    np.testing.assert_allclose(made, straight.clip(x.min(), x.max()), atol=1e-4)


def test_the_moments_become_the_reference_s():
    f, s = features(4), features(5)
    a, b = whiten_and_colour(feature_moments(f), feature_moments(s))
    made = (a.float() @ f[0].flatten(1) + b.float()[:, None]).view_as(f)
    for own, other in zip(feature_moments(made), feature_moments(s), strict=True):
        torch.testing.assert_close(own, other, atol=1e-3, rtol=1e-3)


def test_dead_and_flat_features_stay_finite():
    f, s = features(6), features(7)
    f[:, 3] = 0
    s[:, 5] = 0.2
    for content, style in ((f, s), (torch.zeros_like(f), s), (f, torch.zeros_like(f)), (f[..., :1, :1], s)):
        made = transfer(content, feature_moments(style))
        assert torch.isfinite(made).all()
    a, _ = whiten_and_colour(feature_moments(1e-4 * f), feature_moments(s))
    assert torch.isfinite(a).all()


def test_what_hardly_varies_is_not_blown_up_to_a_texture():
    """Eigenvalues below a share of their mean count as that share."""
    c, zeros = torch.diag(torch.tensor([1.0, 1e-9])).double(), torch.zeros(2).double()
    a, _ = whiten_and_colour((zeros, c), (zeros, torch.eye(2).double()))
    assert float(a[1, 1]) == pytest.approx((FLOOR * 0.5) ** -0.5, rel=1e-3)


def test_moments_of_several_are_those_of_all_their_positions():
    f, s = features(8), features(9)
    both = mix_feature_moments([(feature_moments(f), 0.5), (feature_moments(s), 0.5)])
    for own, other in zip(both, feature_moments(torch.cat([f, s], 3)), strict=True):
        torch.testing.assert_close(own, other, atol=1e-5, rtol=0)


def test_every_site_is_met_once_and_skips_come_back(wct2, draw):
    met = []
    image = draw(40, 56)
    wct2._run(image, lambda site, f: (met.append(site), f)[1])
    assert sorted(site for site in met if site in SITES) == sorted(SITES)
    shown = {}
    encode(wct2._stages(image.device), wct2._normalize(image), lambda site, f: shown.setdefault(site, f))
    before = wct2._stages(image.device)[1][0](shown["encoder1"])
    again = haar_unpool(shown["low1"], [shown[f"skip1{band}"] for band in BANDS])
    torch.testing.assert_close(again, before, atol=1e-6, rtol=0)


def test_a_site_that_is_left_out_keeps_its_features(draw):
    kind = find_method("wct2")
    torch.manual_seed(0)
    none = kind(kind.tiny().model_copy(update={"sites": ()}))
    none.decoder.eval().requires_grad_(False)
    photo, other = draw(40, 48), draw(seed=1)
    plain = none._run(photo, lambda site, f: f).clamp(0, 1)
    torch.testing.assert_close(none.stylize(photo, style=other), plain)


def test_strength_and_references(wct2, draw):
    photo, a, b = draw(37, 45), draw(40, 40, seed=1), draw(40, 40, seed=2)
    whole = wct2.stylize(photo, style=a)
    assert whole.shape == photo.shape
    torch.testing.assert_close(wct2.stylize(photo, style=a, strength=0.25), torch.lerp(photo, whole, 0.25))
    assert torch.equal(wct2.stylize(photo, style=a, strength=0), photo)
    both = wct2.stylize(photo, style=wct2.open_style([a, b], [0.5, 0.5]))
    assert not torch.allclose(both, whole, atol=1e-3)
    copy = photo.clone()
    assert wct2.stylize(copy, style=a, out=copy) is copy
    torch.testing.assert_close(copy, whole)


def test_what_was_predicted_for_an_image_is_what_is_done_to_it(wct2, draw):
    """And of two shots' frames together it lies between."""
    photo, darker, other = draw(40, 48), draw(40, 48) * 0.5, draw(seed=1)
    held = wct2.predict(photo, style=other)
    torch.testing.assert_close(wct2.apply(photo, held), wct2.stylize(photo, style=other))
    mixed = wct2.mix([(held, 0.5), (wct2.predict(darker, style=other), 0.5)])
    made = wct2.apply(photo, mixed)
    assert not torch.allclose(made, wct2.apply(photo, held), atol=1e-3)
    torch.testing.assert_close(wct2.apply(photo, wct2.mix([(held, 1.0)])), wct2.apply(photo, held))


def test_what_cannot_be_is_refused(wct2, draw):
    with pytest.raises(PicturaError, match="saved without its picture"):
        wct2.stylize(draw(), style=load_bundled_style("starry-night"))
    with pytest.raises(PicturaError, match=r"needs all of a picture at once, .* use the method photo"):
        wct2.stylize(draw(64, 64), style=draw(), memory=2**16)
    with pytest.raises(PicturaError, match="strength must be between"):
        wct2.stylize(draw(), style=draw(), strength=2.0)
    with pytest.raises(PicturaError, match="no option 'luma'"):
        wct2.stylize(draw(), style=draw(seed=1), luma=0.5)
