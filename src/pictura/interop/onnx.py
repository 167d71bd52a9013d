"""A network as one ONNX file: any height and width, [0, 1] in and out, compared with torch before it is written."""

import contextlib
import inspect
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pictura.runtime.errors import PicturaError
from pictura.runtime.files import check_free, write_atomic
from pictura.training.capabilities import Enlarges, Stylizes, Translates
from pictura.training.method import Method

OPSET = 20  # what torch's exporter writes without converting
TOLERANCE = 1e-4  # of [0, 1]; an 8-bit step is forty times as much
# Between the file and the program, whose sums go other ways: a quarter of an 8-bit step.
PROGRAM_TOLERANCE = 1e-3
EXPORT_MAX_SIDE = 2**14
# Beyond the smallest side, height and width: no multiples of 8, 4 or 2, and each remainder to 8 is there.
ODD_SIZES = ((1, 9), (3, 5), (7, 2), (14, 33))
Program = Callable[..., Tensor]


class AnySize(nn.Module):
    """A network for some sizes as one for all: extended by mirrored pixels as the program does, cut and clamped.

    Sides too short for the network are not made longer: that would take a file that decides.
    """

    def __init__(self, network: nn.Module, multiple: int, scale: int) -> None:
        super().__init__()
        self.network, self.multiple, self.scale = network, multiple, scale
        untouched = getattr(network, "untouched", ())  # inputs that it takes in any size
        self.extended = [name not in untouched for name in inspect.signature(network.forward).parameters]

    def forward(self, *pictures: Tensor) -> Tensor:
        """N×3×H×W each to one N×3×(scale · H)×(scale · W) of the first one's H and W, in [0, 1]."""
        height, width = pictures[0].shape[2:]
        result: Tensor = self.network(
            *(self._extend(p) if extended else p for p, extended in zip(pictures, self.extended, strict=True))
        )
        if self.multiple > 1:
            result = result[:, :, : height * self.scale, : width * self.scale]
        return result.clamp(0, 1)

    def _extend(self, picture: Tensor) -> Tensor:
        """What `TiledImage` reads of a picture whose sides are no multiple."""
        if self.multiple == 1:
            return picture
        for dimension in (2, 3):
            side = picture.shape[dimension]
            # Of positive numbers, because ONNX rounds a quotient towards zero.
            position = torch.arange((side + self.multiple - 1) // self.multiple * self.multiple)
            position = torch.where(position < side, position, 2 * side - 2 - position)
            picture = picture.index_select(dimension, position)
        return picture


def export_onnx(
    network: nn.Module,
    path: str | Path,
    *,
    scale: int = 1,
    multiple: int = 1,
    smallest: int = 16,
    program: Program | None = None,
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
        program: what pictura itself makes of such pictures; the file is compared with it, too, at odd sizes.
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
    if program is not None:
        apart = max_difference(content, program, names, scale, smallest, ODD_SIZES)
        if not apart <= PROGRAM_TOLERANCE:
            raise PicturaError(
                f"'{path}' would compute something else than pictura does (off by {apart:.2g}), so it was not written: "
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
        program=_program_of(method),
        about=about,
        overwrite=overwrite,
    )


def _program_of(method: Method) -> Program | None:
    """What the method makes of pictures by itself, in the file's arithmetic; None for what is neither of these."""
    if isinstance(method, Stylizes):
        return lambda picture, style=None: method.stylize(picture, style=style, precision="float32")
    if isinstance(method, Enlarges):
        return lambda picture: method.enlarge(picture, precision="float32")
    if isinstance(method, Translates):
        return lambda picture, noise=None: _translate(method, picture, noise)
    return None


def _translate(method: Translates, picture: Tensor, noise: Tensor | None) -> Tensor:
    options: dict[str, Any] = {} if noise is None else {"noise": noise}
    return method.translate(picture, precision="float32", **options)


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


def max_difference(
    content: bytes,
    network: Program,
    names: Sequence[str],
    scale: int,
    smallest: int,
    sizes: Sequence[tuple[int, int]] = ((0, 9), (35, 3), (40, 40)),
) -> float:
    """The largest difference between onnxruntime and torch on random pictures; infinite for other shapes.

    `sizes` are heights and widths, less `smallest`.

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
    for height, width in sizes:
        size = smallest + height, smallest + width
        pictures = [torch.rand(1, 3, *size, generator=generator) for _ in names]
        (found,) = session.run(["result"], {n: p.numpy() for n, p in zip(names, pictures, strict=True)})
        with torch.no_grad():
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
