"""Distil VGG-19 into `compact`. Run again with the same folder to go on; needs nothing but torch and the pictures.

    python recipes/compact/train.py --vgg FILE --photos DIR --paintings DIR --out runs/compact

The teacher costs four times what the student does, so its answers are kept in a pool and each is learned from about
`reuse` times. One crop in five is a picture half-way through an optimisation by the student itself.
"""

import argparse
import json
import time
from collections import deque
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import slopes
from path import Path as Optimisation
from pictura.networks.compact import COMPONENTS
from pictures import Crops, load
from student import Student
from teacher import Basis, teacher

LAYER_WEIGHTS = dict.fromkeys(COMPONENTS, 1.0) | {"relu4_2": 1.5}
THINNED = ("relu1_1", "relu2_1")
EMA_DECAY = 0.998
LOOKS = 64  # crops of paintings whose Gaussians pull
SLOPES_WEIGHT = 1.5


def arguments() -> argparse.Namespace:
    """The settings; defaults are those of the shipped weights, on one core of a laptop."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--vgg", type=Path, required=True, help="VGG-19 (Caffe family), safetensors, to conv5_1")
    p.add_argument("--photos", type=Path, required=True)
    p.add_argument("--paintings", type=Path, required=True)
    p.add_argument("--start", type=Path, help="finished weights to go on from, the shipped ones for example")
    p.add_argument("--basis", type=Path, help="components of an earlier training, to speak the same coordinates")
    p.add_argument("--out", type=Path, required=True, help="folder for basis, checkpoint, log")
    p.add_argument("--steps", type=int, default=18000, help="in all; may change between runs")
    p.add_argument("--decay", type=int, default=8000, help="last steps, over which the rate falls to zero")
    p.add_argument("--rate", type=float, default=1.5e-3)
    p.add_argument("--batch", type=int, default=8)
    p.add_argument("--crop", type=int, default=160)
    p.add_argument("--fresh", type=int, default=1, help="new crops a step")
    p.add_argument("--pool", type=int, default=2048, help="crops kept")
    p.add_argument("--path-every", type=int, default=3, help="training steps a step of optimisation")
    p.add_argument("--slopes", type=int, default=3, help="crops a step whose pixel slopes are compared; 0 for none")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--every", type=int, default=200, help="steps between checkpoints")
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


def covariance(f: Tensor) -> Tensor:
    """B×k×H×W to B×k×k."""
    flat = f.flatten(2)
    flat = flat - flat.mean(2, keepdim=True)
    return flat @ flat.mT / flat.shape[2]


def distance(student: dict[str, Tensor], teacher: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
    """Loss, and per layer the share of the teacher's variance (over all pictures) that is not explained."""
    loss, shares = torch.zeros(()), {}
    for name, weight in LAYER_WEIGHTS.items():
        s, t = student[name], teacher[name]
        if name in THINNED:  # a quarter of the positions says as much, and these two layers have the most
            s, t = s[..., ::2, ::2], t[..., ::2, ::2]
        s, t = s.float(), t.float()
        difference = s - t
        error = difference.square().sum(1).mean()
        mean = difference.mean((2, 3)).square().sum(1).mean()
        ct = covariance(t)
        bent = (covariance(s) - ct).square().sum((1, 2)) / (ct.square().sum((1, 2)) + 0.01)
        loss = loss.to(s.device) + weight * (error + 2 * mean + 0.3 * bent.mean())
        shares[name] = error.item()
    return loss, shares


class Pool:
    """Crops with the teacher's answers; the oldest make room for new ones."""

    def __init__(self, size: int, generator: torch.Generator) -> None:
        self.items: deque[tuple[Tensor, dict[str, Tensor]]] = deque(maxlen=size)
        self.generator = generator

    def add(self, pictures: Tensor, answers: dict[str, Tensor]) -> None:
        for i in range(len(pictures)):
            self.items.append((pictures[i].half(), {n: a[i].contiguous() for n, a in answers.items()}))

    def draw(self, count: int) -> tuple[Tensor, dict[str, Tensor]]:
        chosen = [self.items[i] for i in torch.randint(len(self.items), (count,), generator=self.generator).tolist()]
        answers = {n: torch.stack([a[n] for _, a in chosen]) for n in chosen[0][1]}
        return torch.stack([x for x, _ in chosen]).float(), answers


class Run:
    """Everything that goes on from one start to the next."""

    def __init__(self, a: argparse.Namespace) -> None:
        self.a = a
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.generator = torch.Generator().manual_seed(a.seed)
        self.crops = Crops(load(a.photos), load(a.paintings), a.crop, self.generator)
        self.student = Student().to(self.device)
        self.optimizer = torch.optim.AdamW(self.student.parameters(), lr=a.rate, weight_decay=1e-2)
        self.step = 0
        self.basis = Basis(teacher(a.vgg, self.device))
        self.pool = Pool(a.pool, self.generator)
        self.pulls = {n: Pool(a.pool // 5, self.generator) for n in slopes.LAYERS}
        self.looks = Pool(LOOKS, self.generator)
        a.out.mkdir(parents=True, exist_ok=True)
        if (a.out / "checkpoint.safetensors").exists():
            self.resume()
        else:
            self.begin()
        self.lessons = 0
        for _ in range(40 if a.slopes else 0):
            self.pull(self.disturbed())
        self.path = Optimisation(self.student, self.crops, 4, self.device)

    def begin(self) -> None:
        if self.a.basis:
            self.basis.load(self.a.basis, self.device)
        else:
            self.log({"explained": self.basis.fit(self.crops, 100, self.device)})
        self.basis.save(self.a.out / "basis.safetensors")
        if self.a.start:
            self.student.start_from(self.a.start)
        examples = []
        for _ in range(40):
            x = torch.cat([self.crops.disturbed() for _ in range(8)]).to(self.device)
            examples.append((x, self.basis(x)))
            self.pool.add(*examples[-1])
        self.student.fit_heads(examples)
        self.average = {n: p.detach().clone() for n, p in self.student.named_parameters()}
        self.log({})

    def state(self) -> dict[str, Tensor]:
        tensors = {f"model.{n}": p.detach() for n, p in self.student.named_parameters()}
        tensors |= {f"average.{n}": p for n, p in self.average.items()}
        for n, p in self.student.named_parameters():
            moments = self.optimizer.state[p]
            tensors |= {f"first.{n}": moments["exp_avg"], f"second.{n}": moments["exp_avg_sq"]}
        tensors["generator"] = self.generator.get_state()
        return {n: t.contiguous() for n, t in tensors.items()}

    def save(self) -> None:
        """The checkpoint, and the averaged weights as they are shipped."""
        prefix = "network."
        shipped = {n.removeprefix(prefix): p.half().contiguous() for n, p in self.average.items()}
        save_file(shipped, self.a.out / "compact.safetensors", {"step": str(self.step)})
        target = self.a.out / "checkpoint.safetensors"
        save_file(self.state(), target.with_suffix(".new"), {"step": str(self.step)})
        target.with_suffix(".new").replace(target)

    def resume(self) -> None:
        """Weights, optimiser and random numbers; the pool fills again."""
        self.basis.load(self.a.out / "basis.safetensors", self.device)
        tensors = load_file(self.a.out / "checkpoint.safetensors")
        self.step = json.loads((self.a.out / "log.jsonl").read_text().splitlines()[-1])["step"]
        self.generator.set_state(tensors["generator"])
        self.average = {n: tensors[f"average.{n}"].to(self.device) for n, _ in self.student.named_parameters()}
        with torch.no_grad():
            for n, p in self.student.named_parameters():
                p.copy_(tensors[f"model.{n}"])
                self.optimizer.state[p] = {
                    "step": torch.tensor(float(self.step)),
                    "exp_avg": tensors[f"first.{n}"].to(self.device),
                    "exp_avg_sq": tensors[f"second.{n}"].to(self.device),
                }
        for _ in range(300 // self.a.fresh):
            self.lesson(self.disturbed())

    def log(self, record: dict[str, object]) -> None:
        with (self.a.out / "log.jsonl").open("a") as file:
            file.write(json.dumps({"step": self.step} | record) + "\n")

    def disturbed(self) -> Tensor:
        """New crops, one batch."""
        return torch.cat([self.crops.disturbed() for _ in range(self.a.fresh)]).to(self.device)

    def lesson(self, x: Tensor) -> None:
        """Crops with the teacher's answers into the pool."""
        self.pool.add(x, self.basis(x))

    def pull(self, x: Tensor) -> None:
        """A lesson that also asks where the teacher would push the pixels of the first crop."""
        layer = slopes.LAYERS[self.lessons % len(slopes.LAYERS)]
        if self.lessons % 8 == 0 or len(self.looks.items) < 8:
            look = self.crops.painting().to(self.device)
            self.looks.add(look, self.basis(look))
        self.lessons += 1
        _, towards = (self.pool if layer == "relu4_2" else self.looks).draw(1)
        answers, v, slope = slopes.lesson(self.basis, x[:1], layer, towards[layer].to(self.device))
        self.pool.add(x[:1], answers)
        self.pulls[layer].add(x[:1], {"pull": v, "slope": slope})
        if len(x) > 1:
            self.lesson(x[1:])

    def disagreement(self) -> Tensor:
        """Of the slopes of a few crops at one deep layer, each layer in its turn."""
        layer = slopes.LAYERS[self.step % len(slopes.LAYERS)]
        x, taught = self.pulls[layer].draw(self.a.slopes)
        v, slope = taught["pull"].to(self.device), taught["slope"].to(self.device)
        return slopes.disagreement(self.student, x.to(self.device), layer, v, slope)

    def rate(self) -> float:
        warm = min(1.0, (self.step + 1) / 200)
        return self.a.rate * warm * min(1.0, (self.a.steps - self.step) / self.a.decay)

    def train_step(self) -> dict[str, float]:
        if self.step % self.a.path_every == 0:
            self.path.step()
        if self.step % (5 * self.a.path_every) == 0:  # every fifth step of the optimisation is shown to the teacher
            x = self.path.picture.detach().clone()
            (self.pull if self.a.slopes else self.lesson)(x)
        (self.pull if self.a.slopes and self.step % 2 == 0 else self.lesson)(self.disturbed())
        x, answers = self.pool.draw(self.a.batch)
        loss, shares = distance(self.student(x.to(self.device)), {n: t.to(self.device) for n, t in answers.items()})
        self.optimizer.zero_grad()
        if self.a.slopes:
            turned = self.disagreement()
            shares["slopes"] = turned.item()
            (loss + SLOPES_WEIGHT * turned).backward()
        else:
            loss.backward()
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        self.optimizer.step()
        with torch.no_grad():
            for n, p in self.student.named_parameters():
                self.average[n].lerp_(p, 1 - EMA_DECAY)
        self.step += 1
        return {"loss": loss.item()} | shares

    def go(self) -> None:
        sums: dict[str, float] = {}
        started, last = time.monotonic(), self.step
        while self.step < self.a.steps:
            for n, v in self.train_step().items():
                sums[n] = sums.get(n, 0.0) + v
            if self.step % self.a.every == 0 or self.step == self.a.steps:
                count, seconds = self.step - last, time.monotonic() - started
                self.save()
                self.log({"seconds": round(seconds, 1)} | {n: round(v / count, 4) for n, v in sums.items()})
                sums, last, started = {}, self.step, time.monotonic()


if __name__ == "__main__":
    settings = arguments()
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    Run(settings).go()
