"""Devices and processes, through Lightning Fabric; its processes without DDP's wrapper.

Why not Fabric's DDP: `DistributedDataParallel` wraps a module, and expects one forward and one backward through all its
parameters in turn. In adversarial training a discriminator goes through two forwards and a backward that is not its
own, a decoder is trained behind an encoder that is not, and several losses of one graph go to different players. So
each process computes on its own, and `Players` averages a player's gradients over all of them, in one message, when
they are complete: less overlap of computing and sending, and right for any order of updates.
"""

import atexit
import logging
import os
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from pictura.runtime import device, threads
from pictura.runtime.errors import PicturaError
from pictura.training.settings import TrainSettings

if TYPE_CHECKING:
    from lightning_fabric import Fabric
    from lightning_fabric.plugins.precision.precision import Precision
    from lightning_fabric.strategies.strategy import Strategy


def launch_fabric(settings: TrainSettings, precision: str) -> "Fabric":
    """Fabric with all processes running: those of torchrun where it started us, else `devices` of them.

    Raises:
        PicturaError: lightning-fabric is not installed, or there are fewer devices.
    """
    threads.use_threads(settings.threads)
    place = device.choose_device(settings.device)
    # torchrun says how many there are; settings that say otherwise would only be in its way.
    local = int(os.environ.get("LOCAL_WORLD_SIZE", settings.devices))
    nodes = int(os.environ["WORLD_SIZE"]) // local if "LOCAL_WORLD_SIZE" in os.environ else settings.nodes
    if place.type == "cuda" and local > torch.cuda.device_count():
        raise PicturaError(
            f"devices={local} requested, but only {torch.cuda.device_count()} are available; lower devices."
        )
    try:
        from lightning_fabric import Fabric
    except ImportError as error:
        raise PicturaError("Training needs lightning-fabric: pip install 'pictura[training]'.") from error
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)  # else it announces its processes
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    arithmetic = device.resolve_precision(precision, place)
    fabric = Fabric(
        accelerator=place.type,
        strategy=_process_strategy() if local * nodes > 1 else "auto",
        devices=local,
        num_nodes=nodes,
        precision=arithmetic if arithmetic == "32-true" else None,
        plugins=None if arithmetic == "32-true" else [_mixed_precision(place)],
    )
    fabric.launch()
    atexit.register(_destroy_process_group)
    return fabric


def _destroy_process_group() -> None:
    """Before the interpreter goes: a group whose threads still run then can end its process by SIGABRT."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def mean_of_all(tensor: Tensor) -> Tensor:
    """The mean over all processes, for a method whose step depends on a loss: all of them must do the same."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return tensor
    total = tensor.clone()
    torch.distributed.all_reduce(total)
    return total / torch.distributed.get_world_size()


def mean_over_processes(tensor: Tensor, fabric: "Fabric") -> Tensor:
    """The mean over all processes."""
    return cast(Tensor, fabric.all_reduce(tensor, reduce_op="mean"))


def gather_tensors(tensor: Tensor, fabric: "Fabric") -> Tensor:
    """The tensors of all processes, of one shape, stacked."""
    rows = torch.zeros(fabric.world_size, *tensor.shape, dtype=tensor.dtype, device=tensor.device)
    rows[fabric.global_rank] = tensor
    # Fabric's all_gather calls what torch has deprecated.
    return cast(Tensor, fabric.all_reduce(rows, reduce_op="sum"))


def _mixed_precision(place: torch.device) -> "Precision":
    from lightning_fabric.plugins.precision.amp import MixedPrecision

    class Mixed(MixedPrecision):
        """Autocast decides where bfloat16 is good enough; what comes in keeps its precision.

        Fabric's own rounds the pictures themselves, to 128 levels between 0.5 and 1, and with them what a network adds
        to its input.
        """

        def convert_input(self, data: Any) -> Any:
            return data

    return Mixed("bf16-mixed", place.type)


def _process_strategy() -> "Strategy":
    from lightning_fabric.strategies.ddp import DDPStrategy

    class Together(DDPStrategy):
        """DDP's processes without its wrapper; see the top of this file."""

        def setup_module(self, module: nn.Module) -> nn.Module:  # type: ignore[override]  # DDP's promises its wrapper
            return module

    return Together()
