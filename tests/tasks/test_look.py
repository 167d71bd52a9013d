"""What every method takes: what stays legible, whose colours stay, how strong, which part of a painting counts."""

import numpy as np
import pytest
import torch

import pictura
from pictura.encoders import load_encoder
from pictura.faces import Face
from pictura.losses.perceptual import PerceptualLoss
from pictura.picture import Picture
from pictura.picture.resize import to_float
from pictura.picture.transfer import match_colours
from pictura.runtime.errors import PicturaError
from pictura.style import load_bundled_style
from pictura.tasks.legible import find_regions, map_legible, paint_legibly

WAYS = {"optimize": {"settings": "fast", "steps": 2}, "adain": {}, "johnson": {}}
STYLE = "great-wave"  # of all three


def noise(*size, seed=0):
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(seed))


def square(size, top, left, bottom, right):
    mask = torch.zeros(1, 1, *size)
    mask[..., top:bottom, left:right] = 1
    return mask


def made_face():
    """68 points of a face about 24 pixels wide around (48, 40)."""
    angle = torch.arange(68) * (2 * torch.pi / 68)
    return Face(
        1.0, tuple((float(48 + 12 * a), float(40 + 12 * b)) for a, b in zip(angle.cos(), angle.sin(), strict=True))
    )


class TestLegible:
    def test_a_mask_is_framed_and_shown_in_its_place(self):
        mask = square((40, 60), 10, 20, 30, 50)
        (region,) = find_regions(noise(80, 120), mask, faces=False)
        assert region.place(80, 120) == (slice(20, 60), slice(40, 100))
        assert torch.equal(map_legible([region], (40, 60)), mask)
        assert find_regions(noise(8, 8), torch.zeros(1, 1, 4, 4), faces=False) == ()

    @pytest.mark.parametrize("dtype", [torch.float32, torch.uint8], ids=str)
    def test_fine_things_are_the_gentle_ones_and_colours_the_paintings(self, dtype):
        photo = (255 * noise(64, 64)).to(dtype) if dtype == torch.uint8 else noise(64, 64)
        grey = torch.full_like(photo, 51 if dtype == torch.uint8 else 0.2)
        regions = find_regions(photo, square((64, 64), 16, 16, 48, 48), faces=False)
        made = paint_legibly(photo, [1.0], regions, lambda x, _: grey.clone(), lambda x, _: x)
        inside, outside = to_float(made)[..., 16:48, 16:48], to_float(made).clone()
        assert made.dtype == dtype
        # Colours: those of the grey painting; fine things: the photo's, which is noise.
        assert abs(float(inside.mean()) - 0.2) < 0.1
        fine = to_float(photo)[..., 16:48, 16:48]
        assert float(torch.corrcoef(torch.stack([inside.flatten(), fine.flatten()]))[0, 1]) > 0.7
        outside[..., 16:48, 16:48] = 0.2
        assert torch.equal(outside, to_float(grey))

    def test_a_face_stays_closer_to_the_photo_and_the_rest_is_untouched(self, monkeypatch):
        monkeypatch.setattr("pictura.tasks.legible.find_faces", lambda image: [made_face()])
        photo = noise(96, 96)
        kept, off = (pictura.stylize(photo, STYLE, method="adain", faces=faces) for faces in (True, False))
        face = square((96, 96), 34, 40, 46, 56)[0, 0].bool()
        near, far = ((one - photo).square()[..., face].mean() for one in (kept, off))
        assert near < 0.9 * far
        assert torch.equal(kept[..., :, :4], off[..., :, :4])

    def test_an_optimization_holds_on_to_what_is_protected(self):
        photo = noise(64, 64)
        mask = square((64, 64), 0, 0, 64, 32)
        made = [
            pictura.stylize(
                photo,
                STYLE,
                settings="fast",
                steps=(0, 0, 0, 4, 8),
                protect=None if one is None else one[0, 0].numpy(),
                faces=False,
            )
            for one in (mask, None)
        ]
        near, far = ((one - photo).square()[..., :24].mean() for one in made)
        assert near < 0.8 * far

    def test_the_content_term_counts_each_position_by_its_weight(self):
        encoder = load_encoder("compact")
        layer = "relu1_1"
        loss = PerceptualLoss(encoder, [], {layer: 1.0}, {}, "gram")
        x, photo, weight = noise(16, 16), noise(16, 16, seed=1), 1 + 7 * square((16, 16), 0, 0, 16, 5)
        targets = loss.encode_targets(photo, [0], emphasis=weight)
        with torch.no_grad():
            f, p = encoder(x, [layer])[layer], encoder(photo, [layer])[layer]
            found = loss._content_loss({layer: f}, targets.content, targets.emphasis)
        assert torch.allclose(found, (weight * (f - p).square()).mean(), rtol=1e-5)


class TestColours:
    def test_matched_colours_have_the_photos_mean_and_covariance(self):
        mixed = torch.tensor([[0.5, 0.2, 0.0], [0.0, 0.4, 0.1], [0.1, 0.0, 0.3]])
        photo = 0.3 + 0.3 * torch.einsum("kc,bchw->bkhw", mixed, noise(64, 80))
        made = match_colours(0.2 + 0.5 * noise(48, 48, seed=1), photo)
        ours, theirs = (x[0].flatten(1) for x in (made, photo))
        assert torch.allclose(ours.mean(1), theirs.mean(1), atol=1e-3)
        assert torch.allclose(torch.cov(ours), torch.cov(theirs), atol=1e-4)

    def test_a_picture_of_one_colour(self):
        made = match_colours(torch.full((1, 3, 8, 8), 0.3), torch.full((1, 3, 4, 4), 0.6))
        assert torch.allclose(made, torch.full_like(made, 0.6), atol=1e-3)

    def test_both_at_once_are_refused(self):
        with pytest.raises(PicturaError, match="either kept or matched"):
            pictura.stylize(noise(32, 32), STYLE, keep_colours=True, match_colours=True)


@pytest.mark.parametrize("method", WAYS)
class TestEveryMethod:
    def test_strength_0_is_the_photo_to_the_bit(self, method):
        photo = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
        assert np.array_equal(pictura.stylize(photo, STYLE, method=method, strength=0, **WAYS[method]), photo)

    def test_less_strength_is_nearer_to_the_photo(self, method):
        photo = torch.nn.functional.interpolate(noise(6, 6), (64, 64), mode="bicubic").clamp(0, 1)
        made = [pictura.stylize(photo, STYLE, method=method, strength=s, **WAYS[method]) for s in (0.3, 1.0)]
        near, far = ((one - photo).square().mean() for one in made)
        assert near < far

    def test_outside_the_mask_is_the_photo_to_the_bit(self, method):
        photo = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
        mask = np.zeros((40, 48), np.uint8)
        mask[:, :24] = 255
        made = pictura.stylize(photo, STYLE, method=method, masks=[mask], **WAYS[method])
        assert np.array_equal(made[:, 24:], photo[:, 24:])
        assert not np.array_equal(made[:, :24], photo[:, :24])


class TestStyleMasks:
    def test_only_what_the_mask_shows_counts(self):
        halves = torch.cat([noise(48, 24) * torch.tensor([1.0, 0.1, 0.1])[:, None, None], noise(48, 24) * 0.2], 3)
        left = square((48, 48), 0, 0, 48, 24)
        red, dark = (
            pictura.stylize(noise(48, 48, seed=2), halves, method="adain", style_masks=[mask[0, 0].numpy()])
            for mask in (left, 1 - left)
        )
        assert red[0, 0].mean() > 2 * red[0, 1].mean()
        assert dark[0, 0].mean() < 0.7 * red[0, 0].mean()

    @pytest.mark.parametrize("style", [STYLE, load_bundled_style(STYLE)], ids=["name", "style"])
    def test_a_style_without_its_picture_is_refused(self, style):
        with pytest.raises(PicturaError, match="needs the picture of the style"):
            pictura.stylize(noise(32, 32), style, style_masks=[Picture.of(noise(8, 8))])
