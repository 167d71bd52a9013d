"""What a torch checkpoint says, understood without unpickling it.

A pickle is a small program; Python's own reader runs it, and it can import and call anything. A dictionary of tensors
needs a few dozen of its instructions and six names. This file interprets those and refuses everything else: a name is
kept as text and never looked up, a call makes one of our own records or an error. No torch, no import, no attribute.

Instructions are those of `pickletools` (protocols 0 to 5), which decodes them and runs none.
"""

import pickletools
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

from pictura.runtime.errors import PicturaError


class GlobalName(NamedTuple):
    """A module and a name in it, as text."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Storage(NamedTuple):
    """Where a tensor's numbers are: the file's own key, the kind of number, how many."""

    kind: str
    key: str
    length: int


class TensorView(NamedTuple):
    """A tensor: where it begins in a storage, its shape, and its steps."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class CheckpointError(Exception):
    """A checkpoint that asks for more than a dictionary of tensors does, or is damaged; says what, without the file."""


# Numbers: torch's storage classes, by the name that stands for the number's kind.
STORAGE_KINDS = ("Float", "Half", "BFloat16", "Double", "Long", "Int", "Short", "Byte", "Char", "Bool")
STORAGES = {GlobalName("torch", f"{kind}Storage"): kind for kind in STORAGE_KINDS}
ORDERED = GlobalName("collections", "OrderedDict")
TENSOR = GlobalName("torch._utils", "_rebuild_tensor_v2")
OLD_TENSOR = GlobalName("torch._utils", "_rebuild_tensor")
PARAMETER = GlobalName("torch._utils", "_rebuild_parameter")
ALLOWED_NAMES = {ORDERED, TENSOR, OLD_TENSOR, PARAMETER, *STORAGES}
_MARK = object()
_MAX_INSTRUCTIONS = 5_000_000  # instructions; a state dict takes about 40 a tensor
_MAX_TEXT_BYTES = 2**20  # bytes of one text


def interpret_pickle(file: BinaryIO) -> Any:
    """The value of one pickle, read up to its end: dictionaries, lists, tuples, numbers, texts, and `TensorView`s.

    Raises:
        CheckpointError: it is damaged, or asks for anything else; nothing of it was carried out.
    """
    machine = _Machine()
    try:
        instructions = pickletools.genops(_LimitedFile(file))  # type: ignore[arg-type]  # as much of a file as it takes
        for count, (opcode, argument, _) in enumerate(instructions):
            if opcode.name == "STOP":
                return machine.pop()
            if count > _MAX_INSTRUCTIONS:
                raise CheckpointError("is too long for a file of weights")
            machine.execute(opcode.name, argument)
    except (ValueError, IndexError, KeyError, TypeError, UnicodeError, OverflowError) as error:
        raise CheckpointError(f"is damaged or cut short ({type(error).__name__})") from error
    raise CheckpointError("is cut short")


class _LimitedFile:
    """A file that gives no text longer than any key is: a wrong length must not ask for all the memory there is."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.tell = file, file.tell

    def read(self, count: int) -> bytes:
        return self.file.read(min(count, _MAX_TEXT_BYTES))

    def readline(self) -> bytes:
        return self.file.readline(_MAX_TEXT_BYTES)


class _Machine:
    """The stack and the memo of the pickle's program."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def execute(self, name: str, argument: Any) -> None:
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _LITERALS:
            self.stack.append(argument)
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        elif name not in _IGNORED:
            raise CheckpointError(f"uses the instruction {name}, which tensors do not need")

    def pop(self) -> Any:
        return self.stack.pop()

    def pop_to_mark(self) -> list[Any]:
        """What was put on the stack since the last mark."""
        at = max(i for i, value in enumerate(self.stack) if value is _MARK)
        values = self.stack[at + 1 :]
        del self.stack[at:]
        return values

    def remember(self, at: int | None) -> None:
        self.memo[len(self.memo) if at is None else at] = self.stack[-1]

    def push_tuple(self, length: int | None) -> None:
        if length is None:
            values = self.pop_to_mark()
        else:
            values = self.stack[-length:]
            del self.stack[-length:]
            if len(values) < length:
                raise IndexError
        self.stack.append(tuple(values))

    def add(self, pairs: list[Any]) -> None:
        """Keys and values, in turn, into the dictionary on top."""
        into = self.stack[-1]
        if type(into) is not dict or len(pairs) % 2:
            raise CheckpointError("is damaged (entries without a dictionary)")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, (str, int)):
                raise CheckpointError(f"has a {type(key).__name__} for a key, where texts are")
            into[key] = value

    def extend(self, values: list[Any]) -> None:
        into = self.stack[-1]
        if type(into) is not list:
            raise CheckpointError("is damaged (entries without a list)")
        into.extend(values)

    def push_name(self, module: Any, name: Any) -> None:
        asked = GlobalName(str(module), str(name))
        if asked not in ALLOWED_NAMES:
            raise CheckpointError(f"asks for {str(asked)[:80]!a}, which tensors do not need")
        self.stack.append(asked)

    def call(self) -> None:
        arguments, function = self.pop(), self.pop()
        if type(arguments) is not tuple or type(function) is not GlobalName:
            raise CheckpointError("is damaged (a call of nothing)")
        if function == ORDERED and arguments in ((), ([],)):
            self.stack.append({})
        elif function == ORDERED and len(arguments) == 1:
            self.stack.append({})
            self.add([part for pair in arguments[0] for part in _check_pair(pair)])
        elif function in (TENSOR, OLD_TENSOR):
            self.stack.append(_make_view(*arguments[:4]))
        elif function == PARAMETER and arguments and type(arguments[0]) is TensorView:
            self.stack.append(arguments[0])
        else:
            raise CheckpointError(f"calls {function}, which is no function")

    def build(self) -> None:
        """The attributes of a dictionary: `_metadata`, the versions of the layers, of no use to us."""
        attributes, owner = self.pop(), self.stack[-1]
        if type(owner) is not dict or type(attributes) is not dict or set(attributes) - {"_metadata"}:
            raise CheckpointError("sets attributes, which tensors do not need")

    def push_storage(self) -> None:
        """The reference to a storage: ("storage", kind, key, device, count), in old files a view of it after that."""
        reference = self.pop()
        if type(reference) is not tuple or len(reference) not in (5, 6) or reference[0] != "storage":
            raise CheckpointError("refers to something that is no storage")
        if len(reference) == 6 and reference[5] is not None:
            raise CheckpointError("was written by a torch older than 0.4: load and save it with a newer one")
        _, kind, key, _, count = reference[:5]
        if kind not in STORAGES or not isinstance(key, str) or type(count) is not int or count < 0:
            raise CheckpointError("is damaged (a storage without kind or size)")
        self.stack.append(Storage(STORAGES[kind], key, count))


def _check_pair(pair: Any) -> tuple[Any, Any]:
    if not isinstance(pair, (list, tuple)) or len(pair) != 2:
        raise CheckpointError("is damaged (a pair that is none)")
    return pair[0], pair[1]


def _make_view(storage: Any, offset: Any, shape: Any, stride: Any) -> TensorView:
    numbers = (offset, *shape, *stride)
    if type(storage) is not Storage or len(shape) != len(stride):
        raise CheckpointError("is damaged (a tensor without storage)")
    if any(type(number) is not int or number < 0 for number in numbers):
        raise CheckpointError("is damaged (a tensor with a shape of no sense)")
    return TensorView(storage, offset, tuple(shape), tuple(stride))


_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": (), "MARK": _MARK}
_LITERALS = {
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE"),
    *("SHORT_BINSTRING", "BINSTRING"),  # texts of Python 2
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "INT", "LONG", "BINFLOAT", "FLOAT"),
}
_IGNORED = {"PROTO", "FRAME"}
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    # New ones each time: they are filled afterwards.
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "TUPLE": lambda machine, _: machine.push_tuple(None),
    "TUPLE1": lambda machine, _: machine.push_tuple(1),
    "TUPLE2": lambda machine, _: machine.push_tuple(2),
    "TUPLE3": lambda machine, _: machine.push_tuple(3),
    "MEMOIZE": lambda machine, _: machine.remember(None),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), lambda machine, at: machine.remember(at)),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda machine, at: machine.stack.append(machine.memo[at])),
    "SETITEM": lambda machine, _: machine.add([machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine.add(machine.pop_to_mark()),
    "APPEND": lambda machine, _: machine.extend([machine.pop()]),
    "APPENDS": lambda machine, _: machine.extend(machine.pop_to_mark()),
    "GLOBAL": lambda machine, text: machine.push_name(*text.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.push_name(*[machine.pop(), machine.pop()][::-1]),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.build(),
    "BINPERSID": lambda machine, _: machine.push_storage(),
}


def refusal_error(path: Any, error: CheckpointError) -> PicturaError:
    """The sentence for a user."""
    return PicturaError(f"'{path}' {error}, so none of it was read: get a file with nothing but the weights.")
