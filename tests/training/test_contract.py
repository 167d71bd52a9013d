"""What every method in the folder can do, whoever wrote it: train, save, load, apply, resume, export, refuse."""

import importlib
import importlib.util
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import pictura.methods
from pictura import models
from pictura.methods import find_method, method_names, open_method
from pictura.picture import Picture, write
from pictura.runtime.errors import PicturaError
from pictura.training import checkpoint
from pictura.training.capabilities import CAPABILITIES, capabilities_of
from pictura.training.method import Method

from .conftest import Interrupted, built, interrupt_after
from .made import METHODS, Made

SIZE = 64  # of the made crops
TESTED = [*method_names(), *sorted(path.stem for path in METHODS.glob("*.py"))]
EXPORT = all(importlib.util.find_spec(name) for name in ("onnx", "onnxscript", "onnxruntime"))


@pytest.fixture(params=TESTED)
def name(request):
    return request.param


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    """An empty current folder but for ``paintings``, which a method's tiny settings may name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "paintings").mkdir()
    for seed in range(2):
        made = Made(size=40).picture(seed, 0.5)[None]
        write(Picture.of(made), tmp_path / "paintings" / f"{seed}.png")


@pytest.fixture
def trained(name, train):
    """The folder of two steps; and a way to take more."""

    def run(steps, out="run", **options):
        source = Made(find_method(name).data, count=5, size=SIZE)
        return train(built(name), out, data=source, steps=steps, crop=SIZE, save_every=1, **options)

    return run


def image_function(method):
    """What a method makes of an image, for those that make one of it."""
    return next((getattr(method, verb) for verb in ("stylize", "enlarge", "translate") if hasattr(method, verb)), None)


def picture(height, width):
    generator = torch.Generator().manual_seed(height * width)
    return torch.rand(1, 3, height, width, generator=generator)


def test_train_save_load_apply_resume(name, trained):
    folder = trained(2)
    method = open_method(models.read_bundle(folder / "bundle"))
    assert isinstance(method, find_method(name))
    assert method.settings == find_method(name).tiny()
    run = image_function(method)
    for height, width in ((1, 1), (17, 33), (40, 24)) if run else ():
        result = run(picture(height, width))
        scale = result.shape[2] // height
        assert result.shape == (1, 3, height * scale, width * scale)
        assert result.dtype == torch.float32
        assert bool(((result >= 0) & (result <= 1)).all())
        torch.testing.assert_close(run(picture(height, width)), result)  # it has no memory
    with pytest.raises(Interrupted):
        trained(3, out="stopped", callback=interrupt_after(2))
    folder, whole = trained(3, out="stopped", resume=True), trained(3, out="whole")
    last = [
        checkpoint.read_checkpoint(f / "checkpoints" / checkpoint.checkpoint_name(3)).tensors for f in (folder, whole)
    ]
    assert last[0].keys() == last[1].keys()
    for file, tensors in last[0].items():
        for key, tensor in tensors.items():
            assert torch.equal(tensor, last[1][file][key]), f"{file}: {key}"


def test_weights_move_and_losses_have_names(name, trained):
    told = []
    first = {key: tensor.clone() for key, tensor in _weights(built(name)).items()}
    folder = trained(2, callback=told.append)
    last = checkpoint.read_checkpoint(folder / "checkpoints" / checkpoint.checkpoint_name(2)).tensors["model"]
    assert set(first) == set(last)
    for network in built(name).networks():
        mine = [key for key in first if key.startswith(f"{network}.")]
        assert any(not torch.equal(first[key], last[key]) for key in mine), f"{network} has learnt nothing"
    assert told[-1].losses
    assert not [loss for loss in told[-1].losses if loss.startswith("minimised")]
    assert list((folder / "samples").iterdir())


def _weights(method):
    return {f"{n}.{key}": t for n, network in method.networks().items() for key, t in network.state_dict().items()}


def test_bad_input_is_refused(name):
    run = image_function(built(name))
    if run is None:
        pytest.skip("it makes nothing of an image")
    for bad in (torch.rand(1, 1, 8, 8), torch.rand(2, 3, 8, 8), torch.rand(3, 8, 8)):
        with pytest.raises(PicturaError):
            run(bad)
    with pytest.raises(PicturaError):
        run(picture(8, 8), no_such_option=1)


def test_settings_are_whole(name):
    kind = find_method(name)
    tiny = kind.tiny()
    assert isinstance(tiny, kind.Settings)
    assert kind.Settings(**tiny.model_dump(mode="json")) == tiny, "settings must survive JSON"
    assert kind.Settings.model_config["frozen"]
    assert kind.Settings.model_config["extra"] == "forbid"
    assert [field for field, info in kind.Settings.model_fields.items() if not info.description] == []
    assert kind.paper
    assert kind.data in ("images", "paired", "unpaired", "labelled")


@pytest.mark.slow
@pytest.mark.skipif(not EXPORT, reason="needs pictura[export]")
def test_export(name, trained, tmp_path):
    """To ONNX, which checks itself against torch; or a sentence why not."""
    from pictura.interop.onnx import export_method

    method = open_method(models.read_bundle(trained(1) / "bundle"))
    try:
        difference = export_method(method, tmp_path / "method.onnx")
    except PicturaError as error:
        assert str(error).endswith(".")
        assert not (tmp_path / "method.onnx").exists()
        pytest.skip(str(error))
    assert difference <= 1e-3


def test_it_can_what_it_says(name):
    """Every capability that it has a verb for is whole, and it has one at least."""
    method = built(name)
    verbs = capabilities_of(method)
    assert verbs
    for capability, verb in CAPABILITIES.items():
        assert isinstance(method, capability) == (verb in verbs), f"{name} has only a part of {capability.__name__}"


def test_every_method_is_found_under_its_file_s_name():
    here = [module.name for module in pkgutil.iter_modules(pictura.methods.__path__)]
    for module in here:
        for _, one in inspect.getmembers(importlib.import_module(f"pictura.methods.{module}"), inspect.isclass):
            if issubclass(one, Method) and one.__module__ == f"pictura.methods.{module}":
                assert one.name == module, f"{one.__name__} in {module}.py is called {one.name}"
                assert find_method(module) is one


def test_a_method_without_tiny_fails(tmp_path, monkeypatch):
    text = (METHODS / "blur.py").read_text().replace("blur", "smear")
    (tmp_path / "smear.py").write_text(text.replace("def tiny(cls)", "def small(cls)"))
    monkeypatch.setattr(pictura.methods, "__path__", [*pictura.methods.__path__, str(tmp_path)])
    assert "smear" in method_names()
    with pytest.raises((TypeError, AttributeError)):
        built("smear")


def test_unknown_names():
    with pytest.raises(PicturaError, match=r"There is no method 'blurr'.* Did you mean 'blur'"):
        find_method("blurr")
    with pytest.raises(PicturaError, match="There is no method 'settings'"):
        find_method("settings")


def test_outlines_do_not_load_torch_s_compiler():
    """They take milliseconds: a stranger's settings are looked at whenever a model is opened."""
    folders = [str(Path(one)) for one in pictura.methods.__path__]
    program = f"""
import sys, pictura.methods
pictura.methods.__path__[:] = {folders}
from pictura.methods import find_method
from pictura.training.outline import outline_method
for name in {TESTED}:
    kind = find_method(name)
    networks = outline_method(kind, kind.tiny()).networks().values()
    assert all(p.is_meta for network in networks for p in network.parameters()), name
    assert "torch._dynamo" not in sys.modules, name
"""
    subprocess.run([sys.executable, "-c", program], check=True)
