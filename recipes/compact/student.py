"""The student under training: the shipped network with replicated borders."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from pictura.encoders.layers import adapt
from pictura.networks.compact import Compact


class Student(nn.Module):
    """`Compact` under bfloat16 autocast; B×3×H×W in [0, 1] to all its layers."""

    def __init__(self) -> None:
        super().__init__()
        self.network = adapt(Compact(), "max", "replicate")
        self.to(memory_format=torch.channels_last)

    def trunk(self, x: Tensor) -> dict[str, Tensor]:
        """What each head reads."""
        x = ((x - 0.45) * 4).contiguous(memory_format=torch.channels_last)
        found = {}
        for name, stage in self.network.chain():
            x = stage(x)
            found[name] = x
        return found

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        with torch.autocast(x.device.type, torch.bfloat16):
            return {name: self.network.heads[name](f) for name, f in self.trunk(x).items()}

    def start_from(self, weights: Path) -> None:
        """Go on from finished weights, the shipped ones for example."""
        self.network.load_state_dict({key: tensor.float() for key, tensor in load_file(weights).items()})

    @torch.no_grad()
    def fit_heads(self, examples: list[tuple[Tensor, dict[str, Tensor]]]) -> None:
        """Least squares from the trunk's responses to the teacher's coordinates."""
        for name, head in self.network.heads.items():
            a = b = 0.0
            for x, targets in examples:
                with torch.autocast(x.device.type, torch.bfloat16):
                    f = self.trunk(x)[name].float()
                f = torch.cat([f, torch.ones_like(f[:, :1])], 1).movedim(1, 0).flatten(1).double()
                t = targets[name].float().movedim(1, 0).flatten(1).double()
                a, b = a + f @ f.T, b + t @ f.T
            a = a + 1e-4 * a.diagonal().mean() * torch.eye(len(a), dtype=a.dtype, device=a.device)
            solution = torch.linalg.solve(a, b.T).T.float()
            head.weight.copy_(solution[:, :-1, None, None])
            head.bias.copy_(solution[:, -1])
