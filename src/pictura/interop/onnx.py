"""A network as one ONNX file: any height and width, [0, 1] in and out, compared with torch before it is written."""

import contextlib
import inspect
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pictura.runtime.errors import PicturaError
from pictura.runtime.files import check_free, write_atomic
from pictura.training.method import Method

OPSET = 20  # what torch's exporter writes without converting
TOLERANCE = 1e-4  # of [0, 1]; an 8-bit step is forty times as much
EXPORT_MAX_SIDE = 2**14


class AnySize(nn.Module):
    """A network for some sizes as one for all: edges repeated up to a multiple, the result cut and clamped.

    Sides too short for the network are not made longer: that would take a file that decides.
    """

    def __init__(self, network: nn.Module, multiple: int, scale: int) -> None:
        super().__init__()
        self.network, self.multiple, self.scale = network, multiple, scale

    def forward(self, *pictures: Tensor) -> Tensor:
        """N×3×H×W each to one N×3×(scale · H)×(scale · W) of the first one's H and W, in [0, 1]."""
        height, width = pictures[0].shape[2:]
        result: Tensor = self.network(*(self._pad(picture) for picture in pictures))
        if self.multiple > 1:
            result = result[:, :, : height * self.scale, : width * self.scale]
        return result.clamp(0, 1)

    def _pad(self, picture: Tensor) -> Tensor:
        if self.multiple == 1:
            return picture
        height, width = picture.shape[2:]
        return F.pad(picture, (0, -width % self.multiple, 0, -height % self.multiple), mode="replicate")


def export_onnx(
    network: nn.Module,
    path: str | Path,
    *,
    scale: int = 1,
    multiple: int = 1,
    smallest: int = 16,
    about: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> float:
    """Write `network` as an ONNX file and return how far it is from torch at worst, on three sizes.

    Args:
        network: from pictures N×3×H×W in [0, 1] to one N×3×(scale · H)×(scale · W), which is clamped to [0, 1]; the
            file's inputs are called as the arguments of its ``forward``. It is moved to the CPU, into eval mode.
        path: the file; weights are in it.
        scale: of super-resolution.
        multiple: what sides the network takes; others are padded and cropped inside the file.
        smallest: shortest side in pixels that the file is for.
        about: words for the file's metadata.
        overwrite: replace a file.

    Raises:
        PicturaError: onnx, onnxscript or onnxruntime is not installed, the file cannot be written, or it computes
            something else than the network does.
    """
    path = check_free(path, overwrite)
    _check_installed()
    names = list(inspect.signature(network.forward).parameters)
    ready = AnySize(network, multiple, scale).eval().cpu()
    told = {"scale": scale, "smallest_side": smallest} | dict(about or {})
    content = _export_to_bytes(ready, names, scale, smallest, told)
    difference = max_difference(content, ready, names, scale, smallest)
    if not difference <= TOLERANCE:  # NaN is no match either
        raise PicturaError(
            f"'{path}' would compute something else than torch does (off by {difference:.2g}), so it was not written: "
            "try other versions of onnxscript and onnxruntime."
        )
    write_atomic(path, content, overwrite=overwrite)
    return difference


def export_method(
    method: Method, path: str | Path, *, about: Mapping[str, Any] | None = None, overwrite: bool = False
) -> float:
    """`export_onnx` of what the method says is to be exported, for the sides which that takes.

    Raises:
        PicturaError: as `export_onnx`, and where the method has no such network.
    """
    network = method.export_network()
    scale, multiple, smallest = (getattr(network, name, 1) for name in ("scale", "multiple", "smallest"))
    return export_onnx(
        network,
        path,
        scale=scale,
        multiple=multiple,
        smallest=max(16, smallest),
        about=about,
        overwrite=overwrite,
    )


def _export_to_bytes(
    network: nn.Module, names: Sequence[str], scale: int, smallest: int, about: Mapping[str, Any]
) -> bytes:
    """The file's bytes; number of pictures, height and width of each input are left open."""
    side = torch.export.Dim.DYNAMIC(min=smallest, max=EXPORT_MAX_SIDE)
    shapes = {0: torch.export.Dim.DYNAMIC(min=1, max=64), 2: side, 3: side}
    # Neither equal nor multiples of each other, or the exporter would take one side for the other.
    traced = tuple(torch.rand(2, 3, smallest + 17, smallest + 30) for _ in names)
    with _silence_exporter(), torch.no_grad():
        # Captured here: left to itself the exporter falls back on a draft, which may hold for the traced sizes only.
        captured = torch.export.export(network, traced, dynamic_shapes={"pictures": (shapes,) * len(names)})
        program = torch.onnx.export(
            captured,
            input_names=list(names),
            output_names=["result"],
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export gave no program")
    program.model.metadata_props.update({name: str(value) for name, value in about.items()})
    proto = program.model_proto
    _name_sides(proto.graph, scale)
    content: bytes = proto.SerializeToString()
    return content


def _name_sides(graph: Any, scale: int) -> None:
    """Symbols a person can read, in place of s77; those in between are of no use."""
    del graph.value_info[:]
    for i, one in enumerate(graph.input):
        end = f"_{one.name}" if i else ""
        _set_symbols(one, "n", f"height{end}", f"width{end}")
    times = "" if scale == 1 else f"{scale}*"
    _set_symbols(graph.output[0], "n", f"{times}height", f"{times}width")


def _set_symbols(value: Any, *symbols: str) -> None:
    sides = value.type.tensor_type.shape.dim
    for i, symbol in zip((0, 2, 3), symbols, strict=True):
        sides[i].dim_param = symbol


def max_difference(content: bytes, network: nn.Module, names: Sequence[str], scale: int, smallest: int) -> float:
    """The largest difference between onnxruntime and torch on pictures of three sizes; infinite for other shapes.

    Raises:
        ValueError: the network itself does not give pictures of the size that was promised.
    """
    import onnxruntime  # type: ignore[import-untyped, unused-ignore]  # an extra

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(0)
    worst = 0.0
    for height, width in ((smallest, 2 * smallest + 9), (smallest + 35, smallest + 3), (64, 64)):
        size = max(height, smallest), max(width, smallest)
        pictures = [torch.rand(1, 3, *size, generator=generator) for _ in names]
        (found,) = session.run(["result"], {n: p.numpy() for n, p in zip(names, pictures, strict=True)})
        with torch.inference_mode():
            expected = network(*pictures)
        if tuple(expected.shape) != (promised := (1, 3, scale * size[0], scale * size[1])):
            raise ValueError(f"the network makes {tuple(expected.shape)} where {promised} is promised")
        if found.shape != promised:
            return float("inf")
        worst = max(worst, float((torch.from_numpy(found) - expected).abs().max()))
    return worst


def _check_installed() -> None:
    try:
        import onnx  # noqa: F401  # torch needs these two, and tells so late and at length
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise PicturaError(f"Writing ONNX needs {error.name}: pip install 'pictura[export]'.") from error


@contextlib.contextmanager
def _silence_exporter() -> Iterator[None]:
    """Without the exporter's notes about itself: deprecations inside it, and that torchvision is not there."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
