"""Pictures half-way through an optimisation by the current student.

What the student cannot see, optimisation will paint; shown to the teacher, such pictures are the next lesson.
"""

import torch
from torch import Tensor

from pictura.losses.gatys import relative_content_loss
from pictura.losses.moments import moments
from pictura.losses.wasserstein import WassersteinLoss
from pictura.style import STYLE_LAYERS
from pictures import Crops
from student import Student


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
            looks = {n: f.float() for n, f in self.student(paintings).items() if n in STYLE_LAYERS}
            self.style = {
                n: [WassersteinLoss(*moments(f[i : i + 1])) for i in range(self.count)] for n, f in looks.items()
            }
        self.content_weight = 10 ** self.crops.number(-1.3, 0.7)
        self.picture = photos.clone().requires_grad_()
        self.optimizer = torch.optim.Adam([self.picture], lr=self.crops.number(0.02, 0.05), betas=(0.9, 0.99))

    def _loss(self) -> Tensor:
        responses = self.student(self.picture)
        loss = torch.zeros((), device=self.device)
        for name, targets in self.style.items():
            for i, target in enumerate(targets):
                loss = loss + target(*moments(responses[name][i : i + 1].float())) / len(self.style)
        for name, kept in self.content.items():
            loss = loss + self.content_weight * self.count * relative_content_loss(responses[name].float(), kept)
        return loss

    def step(self) -> None:
        """One step of Adam on the pixels."""
        if self.left == 0:
            self._start()
        (self.picture.grad,) = torch.autograd.grad(self._loss(), self.picture)
        self.optimizer.step()
        with torch.no_grad():
            self.picture.clamp_(0, 1)
        self.left -= 1
