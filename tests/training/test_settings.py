"""Settings of optimizers: one set for all methods, former names and numbers, and how long a rate falls."""

import json

import pytest
import torch
from torch import nn

from pictura import models
from pictura.methods import find_method, open_method
from pictura.methods.adain import AdaINSettings
from pictura.methods.srcnn import SrcnnSettings
from pictura.runtime.settings import validate_settings
from pictura.training import checkpoint, recipes
from pictura.training.identity import complete_identity
from pictura.training.method import build_player
from pictura.training.settings import OptimSettings, starting_settings

from .conftest import Interrupted, built, interrupt_after
from .made import Made


def groups_of(player):
    return player.optimizer.param_groups


@pytest.mark.parametrize(
    ("name", "kind", "numbers"),
    [
        ("adam", torch.optim.Adam, {"lr": 0.1, "betas": (0.9, 0.999)}),
        ("sgd", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
        ("rmsprop", torch.optim.RMSprop, {"lr": 0.1}),
    ],
)
def test_every_optimizer(name, kind, numbers):
    player = build_player(OptimSettings(optimizer=name, learning_rate=0.1), nn.Linear(2, 2), 10)
    assert type(player.optimizer) is kind
    assert {key: groups_of(player)[0][key] for key in numbers} == numbers


def test_betas_are_the_settings_or_the_method_s():
    network = nn.Linear(2, 2)
    assert groups_of(build_player(OptimSettings(), network, 1, betas=(0.5, 0.99)))[0]["betas"] == (0.5, 0.99)
    chosen = OptimSettings(betas=(0.1, 0.2))
    assert groups_of(build_player(chosen, network, 1, betas=(0.5, 0.99)))[0]["betas"] == (0.1, 0.2)


def test_the_rate_falls_over_the_run_unless_it_is_said():
    network = nn.Linear(2, 2)
    assert build_player(OptimSettings(), network, 100).schedule(100) == pytest.approx(0.01)
    assert build_player(OptimSettings(decay_steps=10), network, 100).schedule(10) == pytest.approx(0.01)
    assert build_player(OptimSettings(decay_steps=0), network, 100).schedule is None


def test_shared_layers_are_optimized_once():
    shared = nn.Linear(2, 2)
    player = build_player(OptimSettings(), [nn.Sequential(shared, nn.ReLU()), nn.Sequential(shared, nn.Tanh())], 1)
    assert len(groups_of(player)[0]["params"]) == 2
    assert len(list(player.module.named_parameters())) == 2


def test_former_names_are_read():
    assert validate_settings(SrcnnSettings, {"optimiser": "sgd"}).optimizer == "sgd"
    assert validate_settings(SrcnnSettings, {"optimiser": "sgd", "optimizer": "adam"}).optimizer == "adam"
    assert "optimiser" not in SrcnnSettings(optimiser="sgd").model_dump()
    changed = recipes.apply_changes({"method": {}}, ["optimiser=sgd"], {"method": SrcnnSettings.model_fields})
    assert changed == {"method": {"optimizer": "sgd"}}


def test_methods_have_the_defaults_they_had():
    assert (AdaINSettings().learning_rate, AdaINSettings().ema) == (5e-4, 0.998)
    for name in ("johnson", "srcnn", "superres"):
        settings = find_method(name).Settings()
        assert (settings.learning_rate, settings.ema, settings.optimizer) == (1e-3, 0.0, "adam")


def test_shipped_models_load_with_their_numbers():
    for name in ("adain", "fast", "upscale-x4", "upscale-x4-sharp"):
        bundle = models.read_bundle(name)
        settings = open_method(bundle).settings
        for key in ("learning_rate", "decay_steps", "ema"):
            assert getattr(settings, key) == bundle.settings[key]


def test_a_start_with_a_model_has_a_schedule_of_its_own():
    assert starting_settings({"width": 3, "decay_steps": 14000}) == {"width": 3}
    assert starting_settings({"width": 3, "decay_steps": 0}) == {"width": 3, "decay_steps": 0}


def rate_at(folder, step):
    state = checkpoint.read_checkpoint(folder / "checkpoints" / checkpoint.checkpoint_name(step)).state
    ((groups,),) = [
        [v for n, v in s["optimiser"]["items"] if n == "param_groups"] for s in [state["players"]["critics"]]
    ]
    return dict(groups[0]["items"])["lr"]


def test_a_longer_resume_keeps_the_schedule_it_began_with(train):
    data = Made("unpaired")
    folder = train("like_cyclegan", data=data, steps=4, keep=9)
    assert rate_at(folder, 4) == pytest.approx(2e-3 * 0.5)
    train("like_cyclegan", data=data, steps=6, keep=9, resume=True)
    assert rate_at(folder, 6) == 0.0
    identity = json.loads((folder / "settings.json").read_text())["identity"]
    assert identity["schedule steps"] == 4
    with pytest.raises(Interrupted):
        train("like_cyclegan", "other", data=data, steps=6, keep=9, callback=interrupt_after(3))
    train("like_cyclegan", "other", data=data, steps=5, keep=9, resume=True)  # less than it was to take
    assert rate_at(folder.with_name("other"), 5) == pytest.approx(2e-3 * 2 / 3)


def test_a_run_of_an_earlier_version_resumes(tmp_path):
    """Its identity knows neither the new settings nor how long schedules are."""
    method = find_method("srcnn")(SrcnnSettings(optimizer="sgd", decay_steps=7))
    now = {"method": "srcnn", "method settings": method.settings.model_dump(mode="json"), "schedule steps": 9}
    old = {name: value for name, value in now["method settings"].items() if name not in ("optimizer", "betas")}
    before = {"method": "srcnn", "method settings": old | {"optimiser": "sgd"}}
    assert complete_identity(now, before, method, tmp_path) == now


def test_built_methods_are_of_their_settings():
    assert built("like_gan").settings.optimizer == "rmsprop"
