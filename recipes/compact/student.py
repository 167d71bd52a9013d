"""The student under training: the shipped network with replicated borders and a warm start."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from pictura.networks.compact import Compact

# First trial's names of the layers that carry over; its heads spoke another basis and are fitted anew.
TRIAL = {
    "s1": "trunk.stage1.0",
    "s2.0": "trunk.stage2.1",
    "s2.2": "trunk.stage2.3",
    "s3.0": "trunk.stage3.1",
    "s3.2": "trunk.stage3.3",
    "s4.0": "trunk.stage4.2",
    "s4.2": "trunk.stage4.4",
    "s42": "trunk.stage4b.0",
    "s5.0": "trunk.stage5.1",
    "s5.2": "trunk.stage5.3",
}


class Student(nn.Module):
    """`Compact` under bfloat16 autocast; B×3×H×W in [0, 1] to all its layers."""

    def __init__(self) -> None:
        super().__init__()
        self.network = Compact()
        for layer in self.network.modules():
            if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3):
                layer.padding_mode = "replicate"
                layer._reversed_padding_repeated_twice = [1, 1, 1, 1]
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

    @torch.no_grad()
    def start_from(self, weights: Path) -> None:
        """Copy a smaller network's trunk into the corner of this one; new channels begin as drawn, feeding little."""
        state = load_file(weights)
        for old, new in TRIAL.items():
            layer = self.get_submodule(f"network.{new}")
            weight, bias = state[f"{old}.weight"].float(), state[f"{old}.bias"].float()
            out, into = weight.shape[:2]
            layer.weight[:out, into:] *= 0.1  # the old channels listen to the new ones a little
            layer.weight[:out, :into] = weight
            layer.bias[:out] = bias

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
