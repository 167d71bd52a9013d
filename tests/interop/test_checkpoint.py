"""Checkpoints of torch are understood, and whatever else a pickle can do is refused without being done.

The files are made with torch.save and pickle, as those of other projects are.
"""

import contextlib
import functools
import io
import os
import pickle
import pickletools
import zipfile
from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from pictura.interop import checkpoint
from pictura.interop.checkpoint import CheckpointError, read_tensors
from pictura.runtime.errors import PicturaError

from .conftest import same

FORMATS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])


def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2, bias=False))


def saved(value, path, zipped=True):
    torch.save(value, path, _use_new_zipfile_serialization=zipped)
    return path


def as_zip(file, main, **parts):
    """A file like torch's with any pickle in it."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x/data.pkl", main)
        for name, content in parts.items():
            archive.writestr(f"x/{name}", content)
    return file


@FORMATS
def test_state_dict(tmp_path, zipped):
    state = network().state_dict()
    found = read_tensors(saved(state, tmp_path / "a.pth", zipped))
    assert same(found, state)
    assert [tensor.dtype for tensor in found.values()] == [tensor.dtype for tensor in state.values()]


@FORMATS
def test_kinds_of_numbers_and_layouts(tmp_path, zipped):
    base = torch.arange(24).reshape(2, 3, 4)
    state = {f"{kind}": base.to(kind) for kind in (torch.float16, torch.bfloat16, torch.float64, torch.int32)}
    state |= {"bool": base > 3, "byte": base.to(torch.uint8), "none": torch.empty(0, 3), "one": torch.tensor(3.0)}
    state |= {"turned": base.float().permute(2, 0, 1), "part": base.float()[1, 1:, ::2], "again": base.float()[1]}
    found = read_tensors(saved(state, tmp_path / "a.pth", zipped))
    assert same(found, state)
    assert all(found[key].is_contiguous() and found[key].dtype == state[key].dtype for key in state)


@FORMATS
def test_shared_numbers_become_tensors_of_their_own(tmp_path, zipped):
    one = torch.rand(4, 4)
    found = read_tensors(saved({"a": one, "b": one[2:], "c": one.T}, tmp_path / "a.pth", zipped))
    assert same(found, {"a": one, "b": one[2:], "c": one.T})
    assert len({tensor.data_ptr() for tensor in found.values()}) == 3


@FORMATS
@pytest.mark.parametrize("key", ["state_dict", "model", "params"])
def test_weights_beside_what_a_training_keeps(tmp_path, zipped, key):
    net = network()
    optimiser = torch.optim.Adam(net.parameters())
    net[0](torch.rand(1, 3, 4, 4)).sum().backward()
    optimiser.step()
    kept = {"epoch": 3, "best": 0.5, "args": ["a", ("b", None, True)], "optimizer": optimiser.state_dict()}
    assert same(read_tensors(saved(kept | {key: net.state_dict()}, tmp_path / "a.pth", zipped)), net.state_dict())


def test_parameters_and_other_protocols(tmp_path):
    state = OrderedDict(network().named_parameters())
    for protocol in (2, 3):
        torch.save(state, tmp_path / "a.pth", pickle_protocol=protocol)
        assert same(read_tensors(tmp_path / "a.pth"), dict(state))
    torch.save(state, tmp_path / "a.pth", pickle_protocol=4)  # which torch.load does not read with weights_only
    with pytest.raises(PicturaError, match="uses the instruction"):
        read_tensors(tmp_path / "a.pth")


def test_safetensors(tmp_path):
    state = network().state_dict()
    save_file(state, tmp_path / "a.safetensors")
    assert same(read_tensors(tmp_path / "a.safetensors"), state)


class Evil:
    """What a pickle from the internet may hold: it runs a command when it is loaded."""

    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


@FORMATS
@pytest.mark.parametrize("protocol", [2, 4])
def test_nothing_is_run(tmp_path, zipped, protocol):
    mark = tmp_path / "it-ran"
    evil = {"a": torch.zeros(1), "b": Evil(os.system, f"touch {mark}")}
    torch.save(evil, tmp_path / "a.pth", pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    refusal = r"asks for '(posix|nt)\.system'" if protocol == 2 else "(uses the instruction|is a pickle)"
    with pytest.raises(PicturaError, match=rf"a\.pth' {refusal}.*nothing was loaded"):
        read_tensors(tmp_path / "a.pth")
    assert not mark.exists()
    call, arguments = evil["b"].__reduce__()
    call(*arguments)  # what unpickling does: the trap is a real one
    assert mark.exists()


@pytest.mark.parametrize(
    "value",
    [
        Evil(eval, "1"),
        Evil(__import__, "os"),
        Evil(getattr, OrderedDict, "pop"),
        Evil(torch._utils._rebuild_tensor_v2, Evil(eval, "1")),
        Evil(OrderedDict, [("a", Evil(eval, "1"))]),
        SimpleNamespace(a=1),
        np.zeros(3),
        np.float64(3),
        {1, 2},
        bytearray(b"x"),
        torch.nn.Linear(1, 1),
        torch.float32,
        torch.device("cpu"),
    ],
    ids=lambda value: getattr(getattr(value, "call", None), "__name__", type(value).__name__),
)
@FORMATS
def test_everything_that_is_no_tensor_is_refused(tmp_path, value, zipped):
    path = saved({"weight": torch.zeros(1), "x": value}, tmp_path / "a.pth", zipped)
    with pytest.raises(PicturaError, match=r"asks for|uses the instruction|calls"):
        read_tensors(path)


def program(*instructions):
    """A pickle of protocol 2 from names of instructions and their bytes."""
    codes = {opcode.name: opcode.code.encode("latin-1") for opcode in pickletools.opcodes}
    return b"".join(codes[i] if isinstance(i, str) else i for i in instructions) + b"."


STORAGE = b"((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"


@pytest.mark.parametrize(
    ("main", "said"),
    [
        (b"", "cut short|damaged"),
        (b"\x80\x02}", "cut short|damaged"),
        (program("POP"), "instruction POP"),
        (program("EMPTY_LIST", b"K\x01K\x02", "SETITEM"), "damaged"),
        (program("EMPTY_DICT", b"K\x01", "APPEND"), "damaged"),
        (program("EMPTY_DICT", "EMPTY_TUPLE", b"K\x02", "SETITEM"), "no dictionary of tensors"),
        (program("TUPLE2"), "damaged"),
        (program(b"h\x07"), "damaged"),
        (program("REDUCE"), "damaged"),
        (program(b"K\x01K\x01", "REDUCE"), "damaged"),
        (program(b"ctorch\nFloatStorage\n", "EMPTY_TUPLE", "REDUCE"), "damaged"),
        (program("EMPTY_DICT", "EMPTY_LIST", "BUILD"), "damaged"),
        (program("EMPTY_DICT", b"X\x01\x00\x00\x00a" + b"K\x01", "BINPERSID"), "not a storage"),
        (program(b"cbuiltins\neval\n"), "asks for 'builtins.eval'"),
        (program(b"c__builtin__\neval\n"), "asks for '__builtin__.eval'"),
        (program(b"ctorch\nload\n"), "asks for 'torch.load'"),
        (program(b"cos\n" + b"x" * 9999 + b"\n"), r"asks for 'os\.x{70,80}', which"),
        (program(b"c\x1b[2J\nx\n"), r"asks for '.*x1b"),
        (program(b"i" + b"os\nsystem\n"), "instruction INST"),
        (program(b"\x82\x01"), "instruction EXT1"),
        (program(b"K\x01"), "no dictionary of tensors"),
    ],
)
def test_damaged_and_hostile_programs(tmp_path, main, said):
    with pytest.raises(PicturaError, match=said):
        read_tensors(as_zip(tmp_path / "a.pth", main))


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (b"K\x00K\x04\x85K\x01\x85", ""),
        (b"K\x01K\x04\x85K\x01\x85", "damaged"),
        (b"K\x00K\x05\x85K\x01\x85", "damaged"),
        (b"K\x00K\x02\x85K\x04\x85", "damaged"),
        (b"K\x00J\x00\x00\x00\x7f\x85K\x00\x85", "damaged"),
        (b"J\xff\xff\xff\xffK\x04\x85K\x01\x85", "damaged"),
        (b"K\x00J\xff\xff\xff\xff\x85K\x01\x85", "damaged"),
        (b"K\x00K\x04\x85)", ""),  # torch takes missing strides for those of a whole tensor
        (b"K\x00K\x04K\x01\x85", "damaged"),
    ],
)
def test_views_stay_within_their_storage(tmp_path, view, said):
    tensor = REBUILD + STORAGE + view + b"\x89}tR"
    main = program("EMPTY_DICT", b"X\x01\x00\x00\x00a" + tensor, "SETITEM")
    path = as_zip(tmp_path / "a.pth", main, **{"data/0": np.arange(4, dtype="<f4").tobytes()})
    if not said:
        assert read_tensors(path)["a"].tolist() == [0, 1, 2, 3]
        return
    with pytest.raises(PicturaError, match=said):
        read_tensors(path)


def test_parts_of_the_zip(tmp_path):
    tensor = REBUILD + STORAGE + b"K\x00K\x04\x85K\x01\x85\x89}tR"
    main = program("EMPTY_DICT", b"X\x01\x00\x00\x00a" + tensor, "SETITEM")
    with pytest.raises(PicturaError, match="lacks its part 'data/0'"):
        read_tensors(as_zip(tmp_path / "a.pth", main))
    with pytest.raises(PicturaError, match="damaged or cut short"):
        read_tensors(as_zip(tmp_path / "b.pth", main, **{"data/0": b"1234"}))
    swapped = {"data/0": np.arange(4, dtype=">f4").tobytes(), "byteorder": b"big"}
    assert read_tensors(as_zip(tmp_path / "c.pth", main, **swapped))["a"].tolist() == [0, 1, 2, 3]
    with zipfile.ZipFile(tmp_path / "d.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", bytes(10**6))
    with pytest.raises(PicturaError, match="compressed"):
        read_tensors(tmp_path / "d.pth")
    with zipfile.ZipFile(tmp_path / "e.pth", "w") as archive:
        archive.writestr("word/document.xml", "a letter")
    with pytest.raises(PicturaError, match="torch did not write"):
        read_tensors(tmp_path / "e.pth")


@FORMATS
def test_cut_short(tmp_path, zipped):
    content = saved(network().state_dict(), tmp_path / "a.pth", zipped).read_bytes()
    for length in (4, 20, len(content) // 2, len(content) - 1):
        (tmp_path / "b.pth").write_bytes(content[:length])
        with pytest.raises(PicturaError):
            read_tensors(tmp_path / "b.pth")


def test_other_files(tmp_path):
    (tmp_path / "a.pth").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(PicturaError, match="not a checkpoint of torch"):
        read_tensors(tmp_path / "a.pth")
    (tmp_path / "b.t7").write_bytes(bytes(300))
    with pytest.raises(PicturaError, match="neither a safetensors file nor a checkpoint"):
        read_tensors(tmp_path / "b.t7")
    (tmp_path / "c").mkdir()
    for path in (tmp_path / "c", tmp_path / "d.pth"):
        with pytest.raises(PicturaError):
            read_tensors(path)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_refused(content):
    with contextlib.suppress(CheckpointError):
        checkpoint._load(checkpoint._check_zip(as_zip(io.BytesIO(), b"\x80\x02" + content + b".")))


@functools.cache
def real(zipped):
    """The bytes of one real file, always the same: torch writes other names each time."""
    file = io.BytesIO()
    torch.save({"a": torch.zeros(3, 2), "b": torch.zeros(4)}, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


@FORMATS
@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3)), min_size=1, max_size=4))
def test_any_change_of_a_checkpoint_is_read_or_refused(tmp_path_factory, zipped, changes):
    """Other, more or fewer bytes anywhere in a real file: tensors of some shape, or one sentence."""
    content = bytearray(real(zipped))
    for place, these in changes:
        at = int(place * len(content))
        content[at : at + 1] = these
    path = tmp_path_factory.getbasetemp() / "changed.pth"
    path.write_bytes(content)
    try:
        found = read_tensors(path)
    except PicturaError:
        return
    assert all(isinstance(tensor, torch.Tensor) for tensor in found.values())


def legacy(state):
    file = io.BytesIO()
    torch.save(state, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def test_claims_are_compared_with_the_bytes_before_torch_reads(tmp_path, monkeypatch):
    """A storage that claims more than the file has would make torch ask for that memory first."""
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("torch was asked"))
    content = legacy({"a": torch.zeros(77)})
    claim = b"K" + bytes([77]) + b"N"
    assert content.count(claim) == 1
    changed = {
        "more": (content.replace(claim, b"J\xff\xff\xff\x7fN"), "more than it has bytes"),
        "hidden": (content.replace(claim, b"\x8a\x05\xff\xff\xff\xff\x7fNN"), "not a storage"),
        "another key": (content[:-400].replace(b"ctorch\nFloatStorage", b"ctorch\nFloatTensor"), "asks for"),
    }
    for name, (hostile, refusal) in changed.items():
        (tmp_path / name).write_bytes(hostile)
        with pytest.raises(PicturaError, match=refusal):
            read_tensors(tmp_path / name)


@pytest.mark.parametrize("zipped", [True, False])
def test_numbers_that_are_repeated_are_not_written_out(tmp_path, zipped):
    path = saved({"a": torch.zeros(1).expand(10**9)}, tmp_path / "a.pth", zipped)
    with pytest.raises(PicturaError, match="beyond its numbers"):
        read_tensors(path)


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.eye(3).to_sparse(),
        lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        lambda: torch.ones(3, dtype=torch.complex64),
        lambda: torch.empty(3, device="meta"),
    ],
    ids=["sparse", "quantized", "complex", "meta"],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # torch is going to drop quantized tensors
def test_other_tensors_are_refused(tmp_path, make):
    with pytest.raises(PicturaError, match="asks for"):
        read_tensors(saved({"a": make()}, tmp_path / "a.pth"))


def test_a_torch_that_is_not_safe_is_not_used(tmp_path, monkeypatch):
    path = saved({"a": torch.zeros(1)}, tmp_path / "a.pth")
    monkeypatch.setattr(torch, "__version__", "2.9.1+cpu")
    with pytest.raises(PicturaError, match=r"torch 2\.9\.1.*CVE-2026-24747.*install torch 2\.10"):
        read_tensors(path)


def test_what_a_process_allows_is_not_allowed_here(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    mark = tmp_path / "it-ran"
    with torch.serialization.safe_globals([os.mkdir]):
        saved({"a": torch.zeros(1), "b": Evil(os.mkdir, str(mark))}, tmp_path / "a.pth")
        with pytest.raises(PicturaError, match=r"asks for '(posix|nt)\.mkdir'"):
            read_tensors(tmp_path / "a.pth")
    assert not mark.exists()
