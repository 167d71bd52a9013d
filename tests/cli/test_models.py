"""`pictura models`, `pictura import`, `pictura export`."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from pictura import models
from pictura.interop.references import REFERENCES
from pictura.methods.johnson import Johnson, JohnsonSettings
from pictura.methods.srcnn import Srcnn
from pictura.methods.superres import Superres
from pictura.models import Bundle, store
from pictura.models.shipping import ship_bundle
from pictura.picture import Picture
from pictura.tasks.load import from_pretrained, save_pretrained

from .conftest import done, run

WORDS = {"title": "Night", "does": "Paints.", "data": "photos", "data_licence": "CC0", "licence": "MIT"}


@pytest.fixture(autouse=True)
def places(desk, monkeypatch):
    """An empty package, an empty cache."""
    monkeypatch.setattr(store, "BUNDLED_FOLDER", desk / "shipped")
    monkeypatch.setenv("PICTURA_MODELS", str(desk / "cache"))


def srcnn(**about):
    method = Srcnn(Srcnn.tiny())
    return Bundle.of("srcnn", method.settings.model_dump(mode="json"), method.networks(), WORDS | about)


@pytest.fixture
def candy():
    """A checkpoint with random weights of pytorch/examples."""
    generator = torch.Generator().manual_seed(0)
    keys = REFERENCES["pytorch-examples"].keys
    state = {key: 0.1 * torch.randn(shape, generator=generator) for key, shape in keys.items()}
    torch.save(state, "candy.pth")
    return state


@pytest.mark.parametrize("command", ["models", "import", "export"])
def test_help_has_examples(command):
    text = done(command, "--help").stdout
    assert f"pictura {command}" in text.split("Examples:")[1]


def test_models():
    assert "No model" in done("models").stderr
    assert json.loads(done("models", "--json").stdout) == []
    ship_bundle(srcnn(metric={"Y-PSNR on Set5": 30.1}), "sharp", Picture.of(np.zeros((8, 8, 3))))
    models.save_bundle(srcnn(metric="PSNR 31", title="Fetched"), store.hub_folder("some/one", "0" * 40))
    sharp, fetched = json.loads(done("models", "--json").stdout)
    assert (sharp["name"], sharp["licence"], sharp["metric"]) == ("sharp", "MIT", {"Y-PSNR on Set5": 30.1})
    assert sharp["bytes"] == store.bundled_models()["sharp"].path.stat().st_size
    assert len(bytes.fromhex(sharp["sha256"])) == len(bytes.fromhex(fetched["sha256"])) == 32
    assert (fetched["name"], fetched["shipped"]) == (f"some/one@{'0' * 40}", False)
    text = done("models").stdout
    for part in ("sharp", "Night", "Y-PSNR on Set5 30.1", sharp["sha256"], sharp["picture"], "Fetched", "PSNR 31"):
        assert part in text


def test_models_says_which_styles_a_network_knows():
    method = Johnson(JohnsonSettings(styles=("paintings/night.jpg", "great-wave"), widths=(4, 4, 4), blocks=0))
    settings = method.settings.model_dump(mode="json")
    ship_bundle(Bundle.of("johnson", settings, method.networks(), WORDS | {"metric": "none yet"}), "quick")
    ship_bundle(srcnn(metric="none yet"), "sharp")
    quick, sharp = json.loads(done("models", "--json").stdout)
    assert quick["styles"] == method.names == ["night", "great-wave"]
    assert "styles" not in sharp
    said = done("models", "quick").stdout
    assert "night, great-wave" in said
    assert "sharp" not in said
    wrong = run("models", "quikc")
    assert wrong.exit_code == 2
    assert wrong.stderr == "pictura: error: There is no model 'quikc'; there are quick, sharp. Did you mean 'quick'?\n"


def test_models_needs_no_torch():
    imports = "import sys; from pictura.cli.commands.models import models"
    code = f"{imports}; models(as_json=True); print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-1] == "False"


def test_import_mistakes(candy, desk):
    for arguments, said in (
        (("nothing.pth", "--from", "pytorch-examples", "-o", "out"), "does not exist"),
        (("candy.pth", "--from", "pytorch-exampels", "-o", "out"), "Did you mean 'pytorch-examples'"),
        (
            ("candy.pth", "--from", "nope", "-o", "out"),
            "Unknown project 'nope'; supported: pytorch-examples, adain-naoto, pytorch-cyclegan, pytorch-pix2pix.",
        ),
        (("candy.pth", "--from", "pytorch-cyclegan", "-o", "out"), "is no network of pytorch-CycleGAN-and-pix2pix"),
        (("photo.png", "--from", "pytorch-examples", "-o", "out"), "neither a safetensors file nor a checkpoint"),
    ):
        result = run("import", *arguments)
        assert result.exit_code == 2
        assert said in result.stderr
    assert not (desk / "out").exists()


def test_import_runs_nothing(desk):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {desk / 'it-ran'}",)

    torch.save({"conv1.conv2d.weight": Evil()}, "evil.pth")
    result = run("import", "evil.pth", "--from", "pytorch-examples", "-o", "out")
    assert result.exit_code == 2
    assert "system', which tensors do not need" in result.stderr
    assert not (desk / "it-ran").exists()


def test_import_makes_a_model(candy, draw):
    pytest.importorskip("pictura.methods.johnson")
    done("import", "candy.pth", "--from", "pytorch-examples", "-o", "candy", "--title", "Candy", "--licence", "BSD")
    bundle = models.read_bundle("candy")
    assert (bundle.method, bundle.about["title"], bundle.about["licence"]) == ("johnson", "Candy", "BSD")
    assert (bundle.settings["variant"], bundle.settings["styles"]) == ("examples", ["candy"])
    assert "content_weight" in bundle.settings  # all settings, whatever will be a default later
    assert all(torch.equal(bundle.tensors[f"generator.{key}"], tensor) for key, tensor in candy.items())
    result = from_pretrained("candy").stylize(draw(37, 46))
    assert result.shape == (1, 3, 37, 46)
    assert run("import", "candy.pth", "--from", "pytorch-examples", "-o", "candy").exit_code == 2
    done("import", "candy.pth", "--from", "pytorch-examples", "-o", "candy", "--overwrite")


def test_export_mistakes():
    models.save_bundle(srcnn(), "sharp")
    for arguments, said in (
        (("sharp", "-o", "sharp.pb"), "use the suffix .onnx"),
        (("shrap", "-o", "a.onnx"), "Model 'shrap' not found"),
        (("sharp", "-o", "photo.png"), "use the suffix .onnx"),
    ):
        result = run("export", *arguments)
        assert result.exit_code == 2
        assert said in result.stderr


def test_export(draw):
    runtime = pytest.importorskip("onnxruntime", reason="the extra 'export' is not installed")
    method = Superres(Superres.tiny())
    save_pretrained(method, "sharp")
    assert "differs from torch" in done("export", "sharp", "-o", "sharp.onnx").stderr
    session = runtime.InferenceSession("sharp.onnx", providers=["CPUExecutionProvider"])
    told = json.loads(session.get_modelmeta().custom_metadata_map["pictura"])
    assert (told["method"], told["settings"]["scale"]) == ("superres", method.settings.scale)
    picture = draw(48, 61)
    (found,) = session.run(None, {session.get_inputs()[0].name: picture.numpy()})
    assert torch.allclose(torch.from_numpy(found), method.enlarge(picture), atol=1e-4)
    assert "exists already" in run("export", "sharp", "-o", "sharp.onnx").stderr
