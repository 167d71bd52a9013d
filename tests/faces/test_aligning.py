import cmath
import math

import pytest
import torch

from pictura.faces.aligning import Similarity, bounding_box, cut_square

POINTS = ((0.3, 0.3), (0.7, 0.28), (0.5, 0.5), (0.35, 0.7), (0.66, 0.72))


def test_a_similarity_is_found_again():
    place = Similarity(cmath.rect(120, 0.4), 31 - 7j)
    moved = place(torch.tensor(POINTS, dtype=torch.float64)).tolist()
    found = Similarity.fit(POINTS, moved)
    assert found.a == pytest.approx(place.a)
    assert found.b == pytest.approx(place.b)


def test_the_fit_has_the_least_squared_error():
    target = torch.tensor(POINTS) * 100 + torch.randn(5, 2, generator=torch.Generator().manual_seed(0))

    def error(place):
        return float((place(torch.tensor(POINTS)) - target).square().sum())

    best = Similarity.fit(POINTS, target.tolist())
    for step in (1e-1, -1e-1, 1e-1j, -1e-1j):
        assert error(Similarity(best.a + step, best.b)) > error(best)
        assert error(Similarity(best.a, best.b + step)) > error(best)


def test_there_and_back():
    place, points = Similarity(cmath.rect(40, -1.2), 3 + 4j), torch.tensor(POINTS)
    torch.testing.assert_close(place.inverse()(place(points)), points)


def test_the_whole_image_is_itself(draw):
    image = draw(50, 50)
    torch.testing.assert_close(cut_square(image, Similarity(50, 0), 50), image, atol=1e-5, rtol=0)


def test_quarter_turns_are_exact(draw):
    image = draw(48, 48)
    place = Similarity(48 * 1j, 48)  # the square's right is the image's bottom
    torch.testing.assert_close(cut_square(image, place, 48), torch.rot90(image, 1, (2, 3)), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("side", "out"), [(512, 64), (450, 64), (100, 64), (30, 64)])
def test_a_smooth_image_is_sampled_where_it_should_be(side, out):
    y, x = torch.meshgrid(torch.arange(side) + 0.5, torch.arange(side) + 0.5, indexing="ij")
    smooth = torch.stack([x, y, x + y]) / (2 * side)
    place = Similarity(cmath.rect(side / 2, 0.3), complex(0.3, 0.2) * side)
    expected = place(torch.stack(torch.meshgrid(*2 * [(torch.arange(out) + 0.5) / out], indexing="xy"), -1))
    cut = cut_square(smooth[None], place, out)[0, :2].permute(1, 2, 0)
    torch.testing.assert_close(2 * side * cut, expected, atol=2e-3 * side, rtol=0)


def test_reducing_does_not_alias():
    stripes = (torch.arange(512) % 2).float().expand(1, 3, 512, 512)
    for angle in (0.0, 0.5):
        place = Similarity(cmath.rect(300, angle), 150 + 60j)
        assert (cut_square(stripes, place, 40) - 0.5).abs().max() < 0.05


def test_uint8_as_float(draw):
    image = (255 * draw(60, 60)).round().to(torch.uint8)
    place = Similarity(cmath.rect(30, 0.2), 12 + 9j)
    torch.testing.assert_close(
        cut_square(image, place, 16), cut_square(image.float() / 255, place, 16), atol=4e-3, rtol=0
    )


def test_beyond_the_border_it_goes_on():
    image = torch.full((1, 3, 20, 30), 0.25)
    for place in (Similarity(60, -15 - 20j), Similarity(5, -40 - 40j), Similarity(900, -400 - 400j)):
        torch.testing.assert_close(cut_square(image, place, 24), torch.full((1, 3, 24, 24), 0.25))


def test_bounding_boxes():
    assert bounding_box(Similarity(10, 5 + 6j), 100, 200) == (5, 6, 15, 16)
    half = math.sqrt(0.5) * 10
    box = bounding_box(Similarity(cmath.rect(10, math.pi / 4), 50 + 50j), 100, 200)
    assert box == (math.floor(50 - half), 50, math.ceil(50 + half), math.ceil(50 + 2 * half))
    left, _, right, _ = bounding_box(Similarity(10, -50 - 50j), 100, 200)
    assert left == right
