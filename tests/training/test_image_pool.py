"""CycleGAN's pool of generated pictures: its rules, its seed, its state."""

import torch
from torch import Tensor

from pictura.training.image_pool import ImagePool


def picture(number: float, count: int = 1) -> Tensor:
    return torch.arange(float(number), number + count).view(-1, 1, 1, 1).expand(-1, 3, 2, 2).clone()


def numbers(images: Tensor) -> list[int]:
    return images[:, 0, 0, 0].int().tolist()


def test_until_it_is_full_it_gives_back_what_comes() -> None:
    pool = ImagePool(4)
    assert numbers(pool.query(picture(0, 3), torch.Generator())) == [0, 1, 2]
    assert numbers(pool.query(picture(3), torch.Generator())) == [3]
    assert [int(image[0, 0, 0]) for image in pool.images] == [0, 1, 2, 3]


def test_then_half_are_old_and_a_new_one_takes_the_place() -> None:
    pool, generator, old = ImagePool(10), torch.Generator().manual_seed(0), 0
    pool.query(picture(0, 10), generator)
    for number in range(10, 1010):
        before = {int(image[0, 0, 0]) for image in pool.images}
        (given,) = numbers(pool.query(picture(number), generator))
        after = {int(image[0, 0, 0]) for image in pool.images}
        if given == number:
            assert after == before
        else:
            old += 1
            assert before - after == {given} and after - before == {number}
    assert 450 < old < 550


def test_no_pool_and_no_gradient() -> None:
    images = picture(0, 2).requires_grad_()
    pool = ImagePool(0)
    assert torch.equal(pool.query(images, torch.Generator()), images)
    assert not pool.query(images, torch.Generator()).requires_grad
    assert pool.state("fake_A") == {}


def test_its_state_goes_on_to_the_bit() -> None:
    def drawn(pool: ImagePool, seed: int) -> list[int]:
        return numbers(pool.query(picture(20, 30), torch.Generator().manual_seed(seed)))

    pool, other = ImagePool(5), ImagePool(5)
    pool.query(picture(0, 12), torch.Generator().manual_seed(1))
    other.load_state(pool.state("fake_A") | {"fake_B": picture(100, 5)}, "fake_A")
    assert drawn(other, 2) == drawn(pool, 2)
    other.load_state({}, "fake_A")
    assert other.images == []


def test_what_it_keeps_is_its_own() -> None:
    pool, images = ImagePool(2), picture(1)
    pool.query(images, torch.Generator())
    images.zero_()
    assert int(pool.images[0].max()) == 1
