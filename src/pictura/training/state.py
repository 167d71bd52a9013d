"""The state of a training, out of its parts into a checkpoint and back."""

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load, save
from torch import nn

from pictura import __version__
from pictura.runtime import files
from pictura.runtime.errors import PicturaError
from pictura.training import checkpoint, distributed
from pictura.training.checkpoint import Checkpoint, Tensors
from pictura.training.guard import Guard
from pictura.training.identity import Identity
from pictura.training.method import Method
from pictura.training.players import Players
from pictura.training.run_folder import RunFolder

if TYPE_CHECKING:
    from lightning_fabric import Fabric

LAYOUT_VERSION = 1  # of the layout
WHEN_FULL = "earlier checkpoints are intact; free some space and continue with --resume"


class TrainingState:
    """Everything of a training that a checkpoint keeps."""

    def __init__(
        self, method: Method, networks: dict[str, nn.Module], players: Players, guard: Guard, identity: Identity
    ) -> None:
        self.method, self.networks, self.players, self.guard, self.identity = method, networks, players, guard, identity

    def weights(self) -> Tensors:
        """All networks' weights and buffers as ``network.key``."""
        return {f"{name}.{key}": t for name, net in self.networks.items() for key, t in net.state_dict().items()}

    def check(self, step: int) -> None:
        """Weights and averages are numbers.

        Raises:
            PicturaError: says which is not.
        """
        self.guard.check_tensors(step, "weight", self.weights())
        self.guard.check_tensors(step, "averaged weight", self.players.ema_weights())

    def capture(self, step: int, samples: int, fabric: "Fabric") -> Checkpoint:
        """The checkpoint after `step` steps and `samples` samples; all processes take part, the first one's is whole.

        Raises:
            PicturaError: something in it is not a number.
        """
        self.check(step)
        _average_buffers(self.networks, fabric)
        optimizers, rest = self.players.state()
        self.guard.check_tensors(step, "optimizer's state", optimizers)
        pools = _gather_method_states(self.method.state(), fabric)
        tensors = {"model": self.weights(), "ema": self.players.ema_weights(), "optim": optimizers}
        state: dict[str, Any] = {
            "version": LAYOUT_VERSION,
            "step": step,
            "samples": samples,
            "identity": self.identity,
            "players": rest,
            "guard": self.guard.state(),
            "versions": {"pictura": __version__, "python": platform.python_version(), "torch": str(torch.__version__)},
        }
        return Checkpoint(step, tensors | {f"method-{i}": pool for i, pool in enumerate(pools)}, state)

    def restore(self, saved: Checkpoint, process: int) -> None:
        """Resume from a checkpoint whose identity is ours.

        Raises:
            PicturaError: it is whole but not what a training of ours wrote.
        """
        try:
            self._restore(saved, process)
        # Its digests are right, so somebody wrote it so: tensors, names or numbers that torch or a dictionary misses.
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError, OverflowError) as error:
            problem = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise PicturaError(
                f"The checkpoint of step {saved.step} cannot be resumed ({problem}): remove it to use the one before."
            ) from error

    def _restore(self, saved: Checkpoint, process: int) -> None:
        weights = saved.tensors["model"]
        for name, network in self.networks.items():
            own = {key.removeprefix(f"{name}."): t for key, t in weights.items() if key.startswith(f"{name}.")}
            network.load_state_dict(own, strict=True)
        self.players.load(saved.tensors.get("optim", {}), saved.state["players"], saved.tensors.get("ema", {}))
        self.guard.load_state(saved.state["guard"])
        self.method.load_state(saved.tensors.get(f"method-{process}", {}))


def saved_identity(saved: Checkpoint) -> Identity:
    """The identity in a checkpoint.

    Raises:
        PicturaError: there is none.
    """
    identity = saved.state.get("identity") if isinstance(saved.state, dict) else None
    if not isinstance(identity, dict):
        raise PicturaError(f"The checkpoint of step {saved.step} does not say of which training it is: remove it.")
    return identity


def save_checkpoint(saved: Checkpoint, folder: RunFolder, keep: int) -> Path:
    """Write a checkpoint and then, when it is safe, remove all but the newest `keep`.

    Where there is no room, older ones make some; the newest stays whatever happens.

    Raises:
        PicturaError: there is no room, or the folder cannot be written.
    """
    with files.translate_os_errors(folder.checkpoints, WHEN_FULL):
        try:
            path = checkpoint.write_checkpoint(saved, folder.checkpoints)
        except OSError as error:
            if not files.is_disk_full(error):
                raise
            checkpoint.remove_old(folder.checkpoints, keep=1)
            path = checkpoint.write_checkpoint(saved, folder.checkpoints)
        checkpoint.remove_old(folder.checkpoints, keep)
    return path


def _average_buffers(networks: dict[str, nn.Module], fabric: "Fabric") -> None:
    """Running statistics, which every process gathers from its own samples: their mean, in all."""
    if fabric.world_size == 1:
        return
    for network in networks.values():
        for buffer in network.buffers():
            if buffer.is_floating_point():
                buffer.copy_(distributed.mean_over_processes(buffer, fabric))


def _gather_method_states(tensors: Tensors, fabric: "Fabric") -> list[Tensors]:
    """Every process's tensors, as bytes of safetensors, since their names and shapes may differ."""
    if fabric.world_size == 1:
        return [tensors]
    content = torch.frombuffer(bytearray(save(checkpoint.copy_to_cpu(tensors))), dtype=torch.uint8).to(fabric.device)
    sizes = distributed.gather_tensors(torch.tensor([len(content)], device=fabric.device), fabric).flatten().tolist()
    padded = nn.functional.pad(content, (0, max(sizes) - len(content)))
    parts = distributed.gather_tensors(padded, fabric).cpu()
    return [load(bytes(part[:size].numpy())) for part, size in zip(parts, sizes, strict=True)]
