"""Pictures half-way through an optimisation by the current student.

What the student cannot see, optimisation will paint; shown to the teacher, such pictures are the next lesson.
"""

import torch
from torch import Tensor

from pictura.losses.wasserstein import RIDGE, newton_schulz, trace_of_root
from pictures import Crops
from student import Student

STYLE_WEIGHTS = {"relu1_1": 64.0, "relu2_1": 32.0, "relu3_1": 16.0, "relu4_1": 8.0, "relu5_1": 4.0}


def moments(f: Tensor) -> tuple[Tensor, Tensor]:
    """Mean B×k and ridged covariance B×k×k of responses B×k×H×W."""
    flat = f.float().flatten(2)
    mean = flat.mean(2)
    second = flat @ flat.mT / flat.shape[2]
    eye = torch.eye(flat.shape[1], device=f.device)
    return mean, second - mean[:, :, None] * mean[:, None, :] + RIDGE * eye


class Path:
    """A few pictures under optimisation; `step` moves them once and hands out a copy every few steps."""

    def __init__(self, student: Student, crops: Crops, count: int, device: torch.device) -> None:
        self.student, self.crops, self.count, self.device = student, crops, count, device
        self.left = 0

    def _start(self) -> None:
        self.left = round(self.crops.number(20, 60))
        photos = torch.cat([self.crops.photo() for _ in range(self.count)]).to(self.device)
        paintings = torch.cat([self.crops.painting() for _ in range(self.count)]).to(self.device)
        with torch.no_grad():
            self.content = {n: f.float() for n, f in self.student(photos).items() if n in ("relu3_1", "relu4_2")}
            self.style = {}
            for name, f in self.student(paintings).items():
                if name in STYLE_WEIGHTS:
                    mean, covariance = moments(f)
                    self.style[name] = (mean, covariance, newton_schulz(covariance)[0])
        self.content_weight = 10 ** self.crops.number(-1.3, 0.7)
        self.picture = photos.clone().requires_grad_()
        self.optimiser = torch.optim.Adam([self.picture], lr=self.crops.number(0.02, 0.05), betas=(0.9, 0.99))

    def _loss(self) -> Tensor:
        responses = self.student(self.picture)
        loss = torch.zeros((), device=self.device)
        for name, (mean, covariance, root) in self.style.items():
            m, c = moments(responses[name])
            w2 = (m - mean).square().sum(1) + (c + covariance).diagonal(dim1=1, dim2=2).sum(1)
            loss = loss + STYLE_WEIGHTS[name] / 124 * (w2 - 2 * trace_of_root(c, root)).sum()
        for name, target in self.content.items():
            loss = loss + self.content_weight / 2 * (responses[name].float() - target).square().mean((2, 3)).sum()
        return loss

    def step(self) -> None:
        """One step of Adam on the pixels."""
        if self.left == 0:
            self._start()
        (self.picture.grad,) = torch.autograd.grad(self._loss(), self.picture)
        self.optimiser.step()
        with torch.no_grad():
            self.picture.clamp_(0, 1)
        self.left -= 1
