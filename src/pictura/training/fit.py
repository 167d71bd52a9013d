"""The loop: batch → method.step → guard → log, show, save; it knows no paper."""

import contextlib
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pictura.data.source import DataSet
from pictura.models import Bundle, save_bundle
from pictura.runtime import seeds
from pictura.runtime.device import encoder_dtype
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import encode_json, write_atomic
from pictura.runtime.signals import Stopped, StopRequest, catch_signals
from pictura.training import checkpoint, loader, log, samples, state, tensorboard
from pictura.training.distributed import launch_fabric, mean_over_processes
from pictura.training.guard import CHECK_EVERY, Guard
from pictura.training.identity import check_data, complete_identity, read_precision, training_identity
from pictura.training.loader import DataSource, Order, Share
from pictura.training.memory_format import choose_memory_format
from pictura.training.method import Batch, Method
from pictura.training.players import Players
from pictura.training.progress import Meter, TrainingCallback, TrainingProgress
from pictura.training.run_folder import RunFolder
from pictura.training.settings import TrainSettings

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Losses = dict[str, float]
OBJECTIVE_PREFIX = "minimised by "


def fit(
    method: Method,
    data: DataSource,
    out: str | Path,
    settings: TrainSettings,
    *,
    resume: bool = False,
    callback: TrainingCallback | None = None,
) -> Path:
    """Train a method and return the folder of its bundle, ``out/bundle``.

    Everything that is written on the way lies in `out`, see `RunFolder`. `resume` continues from the newest whole
    checkpoint there, or starts where there is none; on one thread of a processor the weights are bit for bit those of a
    training that was never stopped. Afterwards the method is ready for use, with the weights of its model (averaged
    ones where it has any), and the global generators are as they were.

    Raises:
        PicturaError: a loss or a weight has diverged, a file is broken, the disk is full, the folder holds another
            run, or this one differs from the one to resume; what was saved before is intact.
        Stopped: SIGTERM or Ctrl-C; the state is saved.
    """
    check_data(method, data)
    method.check_crop(settings.crop)
    if settings.tensorboard:
        tensorboard.check_tensorboard()
    folder = RunFolder(Path(out))
    precision: str = settings.precision
    if resume and precision == "auto":
        precision = read_precision(folder.settings) or "auto"
    fabric = launch_fabric(settings, precision)
    with seeds.preserve_random_state(), contextlib.ExitStack() as stack:
        if fabric.is_global_zero:
            stack.enter_context(folder.lock())
        fabric.barrier()
        exact = str(fabric.strategy.precision.precision) == "32-true"
        stack.enter_context(encoder_dtype("float32" if exact else None))
        return Training(method, data, folder, settings, fabric, callback).run(resume)


class Training:
    """One run of the loop."""

    def __init__(
        self,
        method: Method,
        data: DataSource,
        folder: RunFolder,
        settings: TrainSettings,
        fabric: "Fabric",
        callback: TrainingCallback | None,
    ) -> None:
        self.method, self.data, self.folder, self.settings = method, data, folder, settings
        self.fabric, self.callback = fabric, callback if callback and fabric.is_global_zero else lambda _: None
        self.share = Share(settings.batch, settings.accumulate, fabric.global_rank, fabric.world_size)
        self.log = log.Log(folder.log, settings.steps)
        self.events = tensorboard.Events(folder.path)
        self.meter = Meter(self.share.step)
        self.networks, self.deployed = method.networks(), method.deployed_networks()
        precision = str(fabric.strategy.precision.precision)
        self.identity = training_identity(method, data, settings, precision, fabric.world_size)

    def run(self, resume: bool) -> Path:
        """From the first step, or the one after the checkpoint, to the bundle."""
        saved = self._find_checkpoint(resume)
        try:
            self._set_up()
            if saved is not None:
                self.state.restore(saved, self.fabric.global_rank)
            with catch_signals() as request:
                self._loop(saved.step if saved else 0, request)
            return self._save_bundle()
        finally:
            self.method.set_networks(self.networks)
            self.events.close()

    def _find_checkpoint(self, resume: bool) -> checkpoint.Checkpoint | None:
        """The checkpoint to resume from; looked for before anything slow is loaded."""
        self.folder.check(resume)
        self.fabric.barrier()  # all have looked before the first one moves anything
        saved = self._load_newest() if resume else None
        if saved is not None:
            self.identity = complete_identity(self.identity, state.saved_identity(saved), self.method, self.folder.path)
            if saved.step > self.settings.steps:
                raise PicturaError(
                    f"The run in '{self.folder.path}' already has {saved.step} steps; set steps above {saved.step}."
                )
        if self.fabric.is_global_zero:
            self._write_settings()
            self.log.begin(saved.step if saved else 0)
            if self.settings.tensorboard:
                self.events.begin(saved.step if saved else 0)
        return saved

    def _load_newest(self) -> checkpoint.Checkpoint | None:
        """The first process moves broken ones aside before the others look."""
        saved, notes = None, list[str]()
        if self.fabric.is_global_zero:
            saved, notes = checkpoint.load_newest(self.folder.checkpoints)
        self.fabric.barrier()
        if not self.fabric.is_global_zero:
            saved, _ = checkpoint.load_newest(self.folder.checkpoints)
        notes.append(f"resuming after step {saved.step}" if saved else "no checkpoint found, starting at step 1")
        for note in notes:
            self.callback(
                TrainingProgress(saved.step if saved else 0, self.settings.steps, {}, 0.0, 0.0, 0.0, note=note)
            )
        return saved

    def _write_settings(self) -> None:
        content = {"identity": self.identity, "train": self.settings.model_dump(mode="json")}
        write_atomic(self.folder.settings, encode_json(content, indent=1), overwrite=True)

    def _set_up(self) -> None:
        """Networks to the device, and each wrapped on its own; teachers, players, batches."""
        device, method = self.fabric.device, self.method
        self.memory_format = choose_memory_format(self.networks.values(), device)
        for network in self.networks.values():
            network.to(device=device, memory_format=self.memory_format).train()  # type: ignore[call-overload]
        # Modules that a method builds while it prepares have no other source of first weights than this.
        seeds.seed_all("prepare", self.settings.seed)
        method.prepare(device, seeds.generator("preparation", self.settings.seed))
        # The optimizers stay their own: Fabric's wrapper around one serves strategies that split it, which none does.
        players = method.players(self.identity["schedule steps"])
        self.players = Players(players, self.fabric, self.settings.accumulate, self.settings.clip)
        method.set_networks(
            {name: self.fabric.setup_module(net, move_to_device=False) for name, net in self.networks.items()}
        )
        self.guard = Guard()
        self.state = state.TrainingState(method, self.networks, self.players, self.guard, self.identity)
        self.sheet_batch = (
            self._to_device(loader.first_batch(self.data, samples.SHEET_SAMPLES)) if self.fabric.is_global_zero else {}
        )

    def _loop(self, start: int, request: StopRequest) -> None:
        order = Order(self.settings.seed, len(self.data))
        pin = self.fabric.device.type == "cuda"
        consumed, workers = start * self.share.step, self.settings.workers
        batches = loader.iterate_batches(self.data, order, self.share, consumed, workers, pin)
        for step in range(start, self.settings.steps):
            losses, asked = self._step(step, batches, request)
            self.meter.tick()
            self._after_step(step + 1, losses, asked)

    def _step(self, step: int, batches: loader.BatchIterator, request: StopRequest) -> tuple[Losses, int]:
        """One optimisation step: mean losses of all batches and processes, and the signal that one of them got."""
        found: dict[str, list[Tensor]] = {}  # not every batch has every loss
        for micro in range(self.settings.accumulate):
            batch = self._to_device(next(batches))
            place = (self.settings.seed, step, micro, self.fabric.global_rank)
            # Dropout draws from the global generator and cannot be given another; everything else uses the one below.
            seeds.seed_all("step", *place)
            self.players.begin(step, micro)
            named = self.method.step(batch, self.players.update, seeds.generator("given", *place))
            # What the players minimize is checked, too, should it not be among the named.
            for name, loss in (named | {OBJECTIVE_PREFIX + n: loss for n, loss in self.players.losses.items()}).items():
                found.setdefault(name, []).append(loss.detach().float().reshape(()))
        self.players.end()
        number = torch.tensor(float(request.number), device=self.fabric.device)
        own = [torch.stack(losses).mean() for losses in found.values()]
        means = mean_over_processes(torch.stack([number, *own]), self.fabric)
        values = means.tolist()
        asked = (request.number or signal.SIGTERM) if values[0] else 0
        return dict(zip(found, values[1:], strict=True)), int(asked)

    def _after_step(self, step: int, losses: Losses, asked: int) -> None:
        """Guard, log, show, save and tell after a step, from 1; leave when asked to."""
        s, last = self.settings, step == self.settings.steps
        self.folder.check_lock()
        self.guard.check_losses(step, losses)
        if step % CHECK_EVERY == 0:
            self.state.check(step)
        named = {name: value for name, value in losses.items() if not name.startswith(OBJECTIVE_PREFIX)}
        now = TrainingProgress(
            step, s.steps, named, self.meter.rate, self.meter.seconds, self.meter.left(s.steps - step)
        )
        if self.fabric.is_global_zero:
            self.log.add(step, named, now.seconds, now.images_per_second)
            self.events.add(step, named, now.images_per_second)
        if step % s.save_every == 0 or last or asked:
            now = replace(now, saved=self._save(step))
        if self.fabric.is_global_zero and (step % s.show_every == 0 or last):
            now = self._show(step, now)
        if note := self.events.note():
            now = replace(now, note="; ".join(filter(None, (now.note, note))))
        self.callback(now)
        if asked and not last:
            raise Stopped(asked, step, self.folder.checkpoints / checkpoint.checkpoint_name(step))

    def _save(self, step: int) -> Path:
        saved = self.state.capture(step, step * self.share.step, self.fabric)
        if self.fabric.is_global_zero:
            self.events.flush()
            state.save_checkpoint(saved, self.folder, self.settings.keep)
        self.fabric.barrier()
        return self.folder.checkpoints / checkpoint.checkpoint_name(step)

    def _show(self, step: int, now: TrainingProgress) -> TrainingProgress:
        """Sheet and plot; where the disk refuses them, a note says so and training continues."""
        try:
            with self.players.use_ema():
                picture = samples.sample_sheet(self.method, list(self.networks.values()), self.sheet_batch)
            path = samples.write_sheet(picture, self.folder.sample(step))
            write_atomic(self.folder.plot, log.draw_losses(log.read_log(self.folder.log)).encode(), overwrite=True)
        except PicturaError as error:
            return replace(now, note=str(error))
        self.events.show(step, path)
        return replace(now, shown=path)

    def _save_bundle(self) -> Path:
        self.players.apply_ema()
        for network in self.networks.values():
            network.eval()
        if not self.fabric.is_global_zero:
            return self.folder.bundle
        self.folder.check_lock()
        settings = self.method.settings.model_dump(mode="json")
        bundle = Bundle.of(self.method.name, settings, self.deployed, self._card_facts())
        picture = samples.sample_sheet(self.method, list(self.networks.values()), self.sheet_batch)
        return save_bundle(bundle, self.folder.bundle, picture, overwrite=True)

    def _card_facts(self) -> dict[str, object]:
        lines = log.read_log(self.folder.log)
        return {
            "paper": self.method.paper,
            "data": f"{len(self.data)} samples, {self.data.kind}, {self.data.fingerprint()[:12]}",
            "step": self.settings.steps,
            "training": self.settings.model_dump(mode="json"),
            "losses": lines[-1]["losses"] if lines else {},
            **({"labels": labels} if (labels := _label_classes(self.data)) else {}),
        }

    def _to_device(self, batch: Batch) -> Batch:
        """On the device, pictures in the networks' memory format."""
        moved = {name: tensor.to(self.fabric.device, non_blocking=True) for name, tensor in batch.items()}
        return {n: t.contiguous(memory_format=self.memory_format) if t.dim() == 4 else t for n, t in moved.items()}


def _label_classes(data: DataSource) -> dict[str, dict[str, list[int]]]:
    """Side → name → colour of its label maps, where the data set knows of them; see `pictura.data.labels`."""
    return data.label_classes() if isinstance(data, DataSet) else {}
