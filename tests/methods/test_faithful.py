"""What is said to be a paper's or a release's is that: borders, rates, data, ratios, arithmetic."""

import pytest
import torch
import torch.nn.functional as F

from pictura.data import open_data
from pictura.data.settings import data_settings
from pictura.encoders import Encoder, load_encoder, store
from pictura.encoders.files import ARCHITECTURES
from pictura.encoders.records import FAMILIES, RECORDS
from pictura.losses.moments import moments
from pictura.methods.adain import Adain, AdaINSettings
from pictura.methods.adain import method as adain_method
from pictura.methods.iterative.init import start_image
from pictura.methods.iterative.objective import StyleObjective
from pictura.methods.iterative.settings import preset
from pictura.picture import Picture, write
from pictura.runtime import device
from pictura.runtime.errors import PicturaError
from pictura.runtime.settings import validate_settings
from pictura.training.fit import fit
from pictura.training.recipes import read_recipe
from pictura.training.settings import TrainSettings

pytestmark = pytest.mark.kinds


def independent_relu4_1(state, x, mean, std):
    """VGG-19 of the release: every convolution behind a reflected border, no other padding."""
    x = (x - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    for index in (0, 2, "pool", 5, 7, "pool", 10, 12, 14, 16, "pool", 19):
        if index == "pool":
            x = F.max_pool2d(x, 2)
        else:
            x = F.pad(x, (1, 1, 1, 1), mode="reflect")
            x = F.conv2d(x, state[f"features.{index}.weight"], state[f"features.{index}.bias"]).relu()
    return x


def test_adain_paper_reads_behind_a_reflected_border(monkeypatch):
    torch.manual_seed(0)
    network = ARCHITECTURES["vgg19"]()
    state, asked = network.state_dict(), {}

    def load(name, **given):
        asked.update(given, name=name)
        return Encoder(network.chain(), FAMILIES["caffe"], padding=given["padding"], dtype=given["dtype"])

    monkeypatch.setattr(adain_method, "load_encoder", load)
    monkeypatch.setattr(adain_method, "check_present", lambda *_: None)
    paper = Adain(validate_settings(AdaINSettings, read_recipe("adain-paper")["method"]))
    x = torch.rand(1, 3, 40, 56)
    f = paper._load_encoder("float32")
    assert (asked["name"], asked["padding"]) == ("vgg19-normalised", "reflect")
    wanted = independent_relu4_1(state, x, FAMILIES["caffe"].mean, FAMILIES["caffe"].std)
    found = f(x, ["relu4_1"])["relu4_1"]
    assert (found - wanted).abs().max() <= 1e-5 * wanted.abs().max()
    zeros = Encoder(network.chain(), FAMILIES["caffe"], padding="zeros")(x, ["relu4_1"])["relu4_1"]
    assert (zeros - wanted).norm() > 0.01 * wanted.norm()  # a border is seen from far


@pytest.mark.slow
@pytest.mark.usefixtures("weights")
def test_adain_paper_with_the_published_weights():
    record = RECORDS["vgg19-normalised"]
    if store.weights_artifact(record).find() is None:
        pytest.skip("VGG-19's weights are neither in $PICTURA_WEIGHTS nor beside the repository")
    f = Adain(AdaINSettings(variant="paper", encoder="vgg19-normalised"))._load_encoder("float32")
    zeros = load_encoder("vgg19-normalised", dtype="float32")  # the same weights behind another border
    state = {
        f"features.{i}.{part}": getattr(stage, part)
        for i, stage in enumerate(zeros.stages)
        if hasattr(stage, "weight")
        for part in ("weight", "bias")
    }
    x = torch.rand(1, 3, 64, 80)
    wanted = independent_relu4_1(state, x, FAMILIES["caffe"].mean, FAMILIES["caffe"].std)
    assert (f(x, ["relu4_1"])["relu4_1"] - wanted).abs().max() <= 1e-5 * wanted.abs().max()


def test_light_keeps_the_border_its_encoder_was_trained_with():
    assert Adain(Adain.tiny())._load_encoder().stages[0][0].padding_mode == "replicate"


def test_adain_paper_has_the_releases_rate():
    values = read_recipe("adain-paper")["method"]
    player = Adain(validate_settings(AdaINSettings, values | {"encoder": "compact"})).players(160_000)["decoder"]
    assert player.optimizer.param_groups[0]["lr"] == 1e-4
    for step in (0, 1, 20_000, 160_000):  # adjust_learning_rate: lr / (1 + lr_decay * i)
        assert player.schedule(step) == pytest.approx(1 / (1 + 5e-5 * step))


@pytest.fixture
def photos_and_paintings(tmp_path):
    """Two folders, A dark and B light."""
    for side, level in (("A", 0.2), ("B", 0.8)):
        (tmp_path / "data" / side).mkdir(parents=True)
        for i in range(3):
            pixels = level + 0.2 * torch.rand(72, 96, 3, generator=torch.Generator().manual_seed(i))
            write(Picture.of(pixels.numpy()), tmp_path / "data" / side / f"{side}{i}.png")
    return tmp_path / "data"


def test_adain_paper_trains_on_crops_of_two_folders(photos_and_paintings, tmp_path):
    recipe = read_recipe("adain-paper")
    assert recipe["data"] == {"load": 512, "fit": "shorter", "mirror": False}  # section 6: shorter side 512, then crops
    assert (recipe["train"]["crop"], recipe["train"]["batch"], recipe["train"]["precision"]) == (256, 8, "32-true")
    method = Adain(validate_settings(AdaINSettings, recipe["method"] | {"encoder": "compact"}))
    assert (method.data_kind, Adain(Adain.tiny()).data_kind) == ("unpaired", "images")
    data = open_data(photos_and_paintings, method.data_kind, 32, settings=data_settings({"load": 64}))
    settings = TrainSettings(steps=2, batch=2, crop=32, precision="32-true", device="cpu", show_every=2, save_every=2)
    fit(method, data, tmp_path / "run", settings)
    assert method.styles == []  # no painting is kept
    assert (tmp_path / "run" / "samples" / "step-00000002.png").is_file()
    with pytest.raises(PicturaError, match="expects unpaired data, got images"):
        fit(method, open_data(photos_and_paintings / "A", "images", 32), tmp_path / "other", settings)


def test_adain_paper_compares_with_the_crop_that_came(monkeypatch):
    method = Adain(AdaINSettings(variant="paper", content_weight=1.0, style_weight=10.0))
    method.prepare(torch.device("cpu"), torch.Generator())
    batch = {side: torch.rand(2, 3, 40, 40, generator=torch.Generator().manual_seed(i)) for i, side in enumerate("AB")}
    seen = {}
    monkeypatch.setattr(
        method.variant,
        "losses",
        lambda f, g, x, styles, chosen, _: seen.update(x=x, styles=styles, n=chosen) or {"l": x.sum()},
    )
    method.step(batch, lambda **_: None, torch.Generator())
    assert torch.equal(seen["x"], batch["A"]) and seen["n"] == [0, 1]
    f = method._load_encoder()
    for i in range(2):
        for layer, wanted in f(batch["B"][i : i + 1], method.variant.style_layers).items():
            for found, part in zip(seen["styles"][i][layer], moments(wanted), strict=True):
                torch.testing.assert_close(found, part, rtol=1e-2, atol=1e-3)


def test_the_papers_preset_weighs_as_the_release_does(encoder, draw):
    """1e6 mean (F - P)² + 1e9 / 5 Σ_l mean (G_l / M - A_l / M)²: LossLayers.lua of leongatys/NeuralImageSynthesis."""
    layers = ["relu1_1", "relu1_2", "relu2_1", "relu3_1"]
    weights = dict.fromkeys(layers, preset("paper").style_layers["relu1_1"])
    settings = preset("paper").with_changes(style_layers=weights, content_layers={"relu2_1": 1.0})
    x, content, style = (draw(40, 48, seed) for seed in range(3))
    target = {layer: moments(f) for layer, f in encoder(style, layers).items()}
    terms = StyleObjective(encoder, settings, target, content)(x)
    f, p, s = (encoder(image, layers) for image in (x, content, style))
    torch.testing.assert_close(terms["content"], 1e6 * F.mse_loss(f["relu2_1"], p["relu2_1"]))
    gram = {
        name: {k: v[0].flatten(1) @ v[0].flatten(1).T / v[0, 0].numel() for k, v in m.items()}
        for name, m in (("f", f), ("s", s))
    }
    wanted = sum(1e9 / 5 * F.mse_loss(gram["f"][layer], gram["s"][layer]) for layer in layers)
    torch.testing.assert_close(terms["style"], wanted)


def test_noise_and_first_move_are_settings(draw):
    chosen = preset("paper").with_changes(init_noise=1 / 255, first_move=0.02)
    noise = start_image(chosen, None, [], (64, 64))
    assert noise.std().item() == pytest.approx(1 / 255, rel=0.05)
    from pictura.methods.iterative.pixels import Pixels

    pixels = Pixels(draw(16, 16), chosen)
    before = pixels.x.detach().clone()
    pixels.step(lambda x: {"loss": (x - 0.5).square().sum()})
    assert (pixels.x - before).abs().mean().item() == pytest.approx(0.02, rel=0.05)


@pytest.mark.parametrize(("precision", "dtype"), [("32-true", torch.float32), ("bf16-mixed", torch.bfloat16)])
def test_a_training_in_float32_looks_through_float32(monkeypatch, tmp_path, photos_and_paintings, precision, dtype):
    """Whatever loads it, and without being told: the loss network of a method that only names it."""
    seen = set()

    def step(self, batch, update, generator):
        seen.update((load_encoder().dtype, self._load_encoder().dtype))
        update(decoder=sum(p.sum() for p in self.decoder.parameters()))
        return {}

    monkeypatch.setattr(device, "fast_bfloat16", lambda _: True)
    monkeypatch.setattr(Adain, "prepare", lambda *_: seen.add(load_encoder().dtype))
    monkeypatch.setattr(Adain, "step", step)
    monkeypatch.setattr(Adain, "show", lambda _, batch: [batch["image"]])
    settings = TrainSettings(steps=1, batch=1, crop=32, precision=precision, device="cpu")
    fit(Adain(Adain.tiny()), open_data(photos_and_paintings / "A", "images", 32), tmp_path / "run", settings)
    assert seen == {dtype}
    assert device.default_dtype("cpu") == "bfloat16"  # afterwards all is as before


def test_float32_of_a_result_is_that_of_its_encoder_too(monkeypatch, draw):
    monkeypatch.setattr(device, "fast_bfloat16", lambda _: True)
    method = Adain(Adain.tiny())
    method.stylize(draw(40, 40), precision="float32")
    assert {f.dtype for f in method._encoders.values()} == {torch.float32}
