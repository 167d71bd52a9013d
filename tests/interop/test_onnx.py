"""An exported network computes what torch does, at sizes it was not exported with."""

import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pictura.interop import onnx as exporting
from pictura.interop.onnx import AnySize, export_method, export_onnx
from pictura.methods.adain import Adain
from pictura.methods.johnson import Johnson
from pictura.methods.one_sided import OneSided
from pictura.runtime.errors import PicturaError

WHY = "the extra 'export' is not installed"
onnx = pytest.importorskip("onnx", reason=WHY)
onnxruntime = pytest.importorskip("onnxruntime", reason=WHY)
pytest.importorskip("onnxscript", reason=WHY)


class Painter(nn.Module):
    """What networks of this family are made of: reflection padding, instance norm, strides, enlarging, tanh."""

    multiple = 4

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 9, padding=4, padding_mode="reflect")
        self.down = nn.Conv2d(8, 12, 3, 2, padding=1, padding_mode="reflect")
        self.norm = nn.GroupNorm(12, 12)
        self.again = nn.Conv2d(12, 12, 3, 2, padding=1)
        self.other = nn.InstanceNorm2d(12, affine=True)
        self.last = nn.Conv2d(12, 3, 3, padding=1)

    def forward(self, picture):
        x = torch.relu(self.norm(self.down(torch.relu(self.first(2 * picture - 1)))))
        x = F.interpolate(torch.relu(self.other(self.again(x))), scale_factor=4, mode="nearest")
        return 0.5 + 0.6 * torch.tanh(3 * self.last(x))


class Larger(nn.Module):
    """Pixel shuffle; `Mixed` takes two pictures of different sizes."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 12, 3, padding=1)

    def forward(self, picture):
        return F.pixel_shuffle(self.conv(picture), 2)


class Mixed(nn.Module):
    """AdaIN on pixels."""

    def forward(self, picture, style):
        (v, m), (w, n) = (torch.var_mean(x, (2, 3), keepdim=True) for x in (picture, style))
        return (picture - m) / (v + 1e-5).sqrt() * (w + 1e-5).sqrt() + n


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def run(path, **pictures):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {name: picture.numpy() for name, picture in pictures.items()})[0])


def test_any_height_and_width(tmp_path, draw):
    network = Painter()
    told = export_onnx(network, tmp_path / "painter.onnx", multiple=4, about={"title": "night"})
    assert told <= 1e-4
    whole = AnySize(network, 4, 1)
    for size in ((16, 16), (61, 90), (128, 72)):
        picture = draw(*size)
        found = run(tmp_path / "painter.onnx", picture=picture)
        with torch.inference_mode():
            expected = whole(picture)
        assert found.shape == picture.shape
        assert (found.min() >= 0) and (found.max() <= 1)
        assert (found - expected).abs().max() < 1e-4
    both = torch.cat([draw(40, 44), draw(40, 44, 1)])
    assert torch.allclose(
        run(tmp_path / "painter.onnx", picture=both)[1:], run(tmp_path / "painter.onnx", picture=both[1:])
    )
    assert [path.name for path in tmp_path.iterdir()] == ["painter.onnx"]  # the weights are in it
    model = onnx.load(tmp_path / "painter.onnx")
    onnx.checker.check_model(model)
    assert [entry.version for entry in model.opset_import] == [20]
    sides = [[side.dim_param for side in value.type.tensor_type.shape.dim] for value in model.graph.input]
    assert sides == [["n", "", "height", "width"]]
    assert {"title": "night", "scale": "1", "smallest_side": "16"}.items() <= {
        entry.key: entry.value for entry in model.metadata_props
    }.items()


def test_sizes_that_fit_are_not_padded(draw):
    network = Painter().eval()
    picture = draw(32, 48)
    assert torch.equal(AnySize(network, 4, 1)(picture), network(picture).clamp(0, 1))


@pytest.fixture(scope="module")
def larger(tmp_path_factory):
    """A network and its file."""
    network, path = Larger(), tmp_path_factory.mktemp("larger") / "larger.onnx"
    export_onnx(network, path, scale=2)
    return network, path


def test_super_resolution(larger, draw):
    network, path = larger
    picture = draw(30, 44)
    found = run(path, picture=picture)
    assert found.shape == (1, 3, 60, 88)
    assert torch.allclose(found, network(picture).clamp(0, 1), atol=1e-5)


def test_two_pictures_of_their_own_sizes(tmp_path, draw):
    export_onnx(Mixed(), tmp_path / "mixed.onnx")
    picture, style = draw(30, 44), draw(50, 23, 1)
    found = run(tmp_path / "mixed.onnx", picture=picture, style=style)
    assert torch.allclose(found, Mixed()(picture, style).clamp(0, 1), atol=1e-5)


def test_a_method_says_what_is_exported(tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(exporting, "export_onnx", lambda network, path, **given: asked.update(given) or 0.0)

    class Toy:
        def export_network(self):
            return Painter()

    assert export_method(Toy(), tmp_path / "toy.onnx") == 0
    assert (asked["multiple"], asked["scale"], asked["smallest"]) == (4, 1, 16)


def test_a_file_that_computes_something_else_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "_export_to_bytes", lambda *_: b"a file")
    for wrong in (1.0, float("nan")):
        monkeypatch.setattr(exporting, "max_difference", lambda *_, wrong=wrong: wrong)
        with pytest.raises(PicturaError, match="something else than torch"):
            export_onnx(Larger(), tmp_path / "a.onnx", scale=2)
    assert list(tmp_path.iterdir()) == []


def test_the_comparison_sees_a_difference(larger):
    """The guard itself: a file of other weights, and a network of another size."""
    (network, path), other = larger, Larger()
    content = path.read_bytes()
    assert exporting.max_difference(content, AnySize(network, 1, 2), ["picture"], 2, 16) < 1e-5
    assert exporting.max_difference(content, AnySize(other, 1, 2), ["picture"], 2, 16) > 1e-2
    third = nn.Upsample(scale_factor=3)
    assert exporting.max_difference(content, AnySize(third, 1, 3), ["picture"], 3, 16) == float("inf")
    with pytest.raises(ValueError, match="is promised"):
        exporting.max_difference(content, AnySize(network, 1, 1), ["picture"], 1, 16)


def test_nothing_is_replaced_unasked(tmp_path):
    (tmp_path / "a.onnx").write_text("mine")
    with pytest.raises(PicturaError, match="exists already"):
        export_onnx(Larger(), tmp_path / "a.onnx", scale=2)
    assert (tmp_path / "a.onnx").read_text() == "mine"


@pytest.mark.parametrize("module", ["onnx", "onnxscript", "onnxruntime"])
def test_without_the_extra(tmp_path, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(PicturaError, match=rf"needs {module}: pip install 'pictura\[export\]'"):
        export_onnx(Larger(), tmp_path / "a.onnx", scale=2)


@pytest.mark.kinds
def test_the_file_s_network_is_the_program_at_odd_sizes():
    """What is exported, before it is: mirrored as the program does, a painting read as it is."""
    methods = [Johnson(Johnson.tiny()), Adain(Adain.tiny())]
    for i in range(16):
        height, width = 33 + 2 * i, 35 + 2 * (5 * i % 16)
        draw = torch.Generator().manual_seed(i)
        x, style = torch.rand(1, 3, height, width, generator=draw), torch.rand(1, 3, 61 + i, 75, generator=draw)
        for method, inputs, options in ((methods[0], [x], {}), (methods[1], [x, style], {"style": style})):
            network = method.export_network()
            with torch.no_grad():
                found = AnySize(network, network.multiple, 1).eval()(*inputs)
            expected = method.stylize(x, precision="float32", **options)
            assert (found - expected).abs().max() < 1e-3


@pytest.mark.kinds
def test_a_translator_takes_its_noise_from_outside():
    torch.manual_seed(0)
    method = OneSided(OneSided.tiny().model_copy(update={"full_strength": 0.7}))
    nn.init.normal_(method.network.last.weight, std=0.2)
    network = method.export_network()
    for i in range(16):
        size = 33 + 2 * i, 35 + 2 * (5 * i % 16)
        picture, noise = torch.rand(2, 1, 3, *size, generator=torch.Generator().manual_seed(i))
        with torch.no_grad():
            found = AnySize(network, network.multiple, 1).eval()(picture, noise)
        assert (found - method.translate(picture, noise=noise, precision="float32")).abs().max() < 1e-3
        assert (found - picture).abs().mean() > 0.01
    assert (found - method.translate(picture, noise=1 - noise, precision="float32")).abs().max() > 1e-3


@pytest.mark.kinds
@pytest.mark.slow
def test_a_translator_as_a_file(tmp_path):
    torch.manual_seed(0)
    method = OneSided(OneSided.tiny())
    nn.init.normal_(method.network.last.weight, std=0.2)
    assert export_method(method, tmp_path / "a.onnx") < 1e-4
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx")
    assert [one.name for one in session.get_inputs()] == ["picture", "noise"]


@pytest.mark.kinds
def test_a_file_that_is_not_the_program_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "_export_to_bytes", lambda *_: b"a file")
    apart = {exporting.ODD_SIZES: 0.01}
    monkeypatch.setattr(exporting, "max_difference", lambda *given: apart.get(given[-1], 0.0))
    with pytest.raises(PicturaError, match="something else than pictura"):
        export_onnx(Larger(), tmp_path / "a.onnx", scale=2, program=Larger())
    assert list(tmp_path.iterdir()) == []
