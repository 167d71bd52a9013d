"""Pictures larger than the memory, through the public door."""

import numpy as np
import pytest
from PIL import Image

import pictura
from pictura.methods.iterative.run import Interrupted

WORDS = {"steps": (1, 1), "memory": 2**20, "averaging": 0.0}  # of the encoder's least tiles, 96 pixels and a halo


@pytest.fixture
def photo(draw):
    return (draw(150, 200)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)


def test_a_print_is_an_array_as_any(photo):
    painted = pictura.stylize(photo, "starry-night", size=240, **WORDS)
    assert painted.shape == (180, 240, 3)
    assert painted.dtype == np.uint8


def test_in_tiles_as_in_one_piece(photo):
    """Without noise, which is drawn another way, and margin, which prints have none of.

    Rounding is left, and Adam's first move goes by the sign.
    """
    words = WORDS | {"smoothing": 0.0, "margin": 0.0, "size": 240}
    whole, tiled = (
        Image.fromarray(pictura.stylize(photo, "starry-night", **words | {"memory": memory}))
        for memory in (2**31, 2**20)
    )
    small = [np.asarray(image.resize((30, 22), Image.Resampling.BOX), float) for image in (whole, tiled)]
    assert np.abs(small[0] - small[1]).mean() < 2


def test_a_stopped_print_goes_on(photo, tmp_path):
    workspace = tmp_path / "unfinished"
    wanted = pictura.stylize(photo, "starry-night", size=240, **WORDS)
    seen = []
    with pytest.raises(Interrupted) as stopped:
        pictura.stylize(
            photo,
            "starry-night",
            size=240,
            workspace=workspace,
            callback=seen.append,
            stop=lambda: len(seen) == 1,
            **WORDS,
        )
    assert stopped.value.picture.shape == (180, 240, 3)
    assert list(workspace.iterdir())
    again = pictura.stylize(photo, "starry-night", size=240, workspace=workspace, callback=seen.append, **WORDS)
    assert [step.step for step in seen] == [1, 2]
    assert (again == wanted).all()
    assert not workspace.exists()


def test_another_picture_begins_anew(photo, tmp_path):
    seen = []
    for _ in range(2):
        with pytest.raises(Interrupted):
            pictura.stylize(
                photo, "starry-night", size=240, workspace=tmp_path, callback=seen.append, stop=lambda: True, **WORDS
            )
        photo = photo[::-1].copy()
    assert [step.step for step in seen] == [1, 1]
    assert len(list(tmp_path.iterdir())) == 2


def test_faces_and_strength_in_a_print(draw_face):
    face = (draw_face(200)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    kept, plain = (
        pictura.stylize(face, "starry-night", size=200, strength=0.5, faces=f, **WORDS) for f in (True, False)
    )
    differs = np.abs(kept.astype(float) - plain).mean(2)
    assert differs[60:130, 60:140].mean() > 2 * differs[:30].mean()


def test_a_texture_larger_than_the_memory(draw, monkeypatch):
    monkeypatch.setattr("pictura.tasks.optimize.DEFAULT_MEMORY", 2**20)
    texture = draw(64, 64)
    made = pictura.synthesize(texture, size=(200, 150), steps=1)
    assert made.shape == (1, 3, 200, 150)
    assert made.dtype == texture.dtype
    assert 0 <= made.min() < made.max() <= 1
