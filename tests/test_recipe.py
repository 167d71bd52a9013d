"""The training of `compact`: what its parts promise, on networks and pictures made here."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from pictura.networks.compact import COMPONENTS

FOLDER = Path(__file__).parents[1] / "recipes" / "compact"
SIZE = 48


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a part of the recipe by name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    torch.manual_seed(0)
    return import_module


@pytest.fixture
def crops(recipe, draw):
    """Crops of two made photographs and one painting, one of them smaller than a crop."""
    photos = [(draw(h, w, seed)[0] * 255).byte() for seed, (h, w) in enumerate([(90, 120), (40, 60)])]
    paintings = [(draw(150, 80, 5)[0] * 255).byte()]
    return recipe("pictures").Crops(photos, paintings, SIZE, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", ["photo", "painting", "either", "disturbed"])
def test_crops_have_one_size_and_lie_between_0_and_1(crops, kind: str) -> None:
    for _ in range(40):
        crop = getattr(crops, kind)()
        assert crop.shape == (1, 3, SIZE, SIZE)
        assert crop.min() >= 0 and crop.max() <= 1


def test_crops_differ_and_come_again_with_their_seed(crops) -> None:
    first = [crops.disturbed() for _ in range(8)]
    assert len({x.sum().item() for x in first}) == 8
    crops.generator.manual_seed(0)
    assert all(torch.equal(crops.disturbed(), x) for x in first)


def test_the_student_answers_in_the_layers_of_compact(recipe) -> None:
    answers = recipe("student").Student()(torch.rand(2, 3, SIZE, SIZE))
    assert {n: f.shape[1] for n, f in answers.items()} == COMPONENTS
    strides = (1, 2, 4, 8, 8, 16)
    assert [f.shape[2:] for f in answers.values()] == [(SIZE // s, SIZE // s) for s in strides]


def test_the_students_borders_are_replicated(recipe) -> None:
    flat = torch.tensor([0.1, 0.6, 0.9]).view(1, 3, 1, 1).expand(1, 3, SIZE, SIZE)
    with torch.no_grad():
        for response in recipe("student").Student().trunk(flat).values():
            torch.testing.assert_close(response, response.mean((2, 3), keepdim=True).expand_as(response))


def test_training_goes_on_from_finished_weights(recipe, tmp_path: Path) -> None:
    finished, student = (recipe("student").Student() for _ in range(2))
    state = {key: tensor.half().contiguous() for key, tensor in finished.network.state_dict().items()}
    save_file(state, tmp_path / "finished.safetensors")
    student.start_from(tmp_path / "finished.safetensors")
    assert all(torch.equal(tensor, state[key].float()) for key, tensor in student.network.state_dict().items())


def test_heads_are_fitted_to_the_teacher(recipe) -> None:
    student = recipe("student").Student()
    picture = torch.rand(1, 3, SIZE, SIZE)
    targets = {}
    for name, f in student.trunk(picture).items():
        weights = torch.randn(COMPONENTS[name], f.shape[1])
        targets[name] = 1 + torch.einsum("kc,bchw->bkhw", weights, f.detach() / f.detach().std())
    student.fit_heads([(picture, targets)])
    for name, answer in student(picture).items():
        error = (answer.float() - targets[name]).var() / targets[name].var()
        assert error < 0.05, name  # bfloat16, and a ridge


def answers(seed: int) -> dict[str, Tensor]:
    number = torch.Generator().manual_seed(seed)
    return {name: torch.randn(2, k, 8, 8, generator=number) for name, k in COMPONENTS.items()}


def test_equal_answers_are_no_distance_apart(recipe) -> None:
    loss, shares = recipe("train").distance(answers(0), answers(0))
    assert loss.item() == 0
    assert shares == dict.fromkeys(COMPONENTS, 0.0)


def test_every_layer_counts_in_the_distance(recipe) -> None:
    distance = recipe("train").distance
    for name in COMPONENTS:
        student = answers(0) | {name: answers(1)[name]}
        loss, shares = distance(student, answers(0))
        assert loss > 0
        assert [n for n, share in shares.items() if share > 0] == [name]
