"""VGG-19 seen through its principal components: what the student learns to say."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from pictura import encoders
from pictura.encoders import Encoder
from pictura.networks.compact import COMPONENTS
from pictures import Crops


def teacher(weights: Path, device: torch.device) -> Encoder:
    """VGG-19; every convolution repeats the border instead of adding zeros, so a picture has no rim."""
    return encoders.load_encoder(
        "vgg19", weights=weights, family="caffe", padding="replicate", dtype="bfloat16", device=str(device)
    )


class Basis:
    """Principal components of the teacher's responses over many crops, as 1×1 maps to coordinates."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.maps: dict[str, tuple[Tensor, Tensor]] = {}

    @torch.no_grad()
    def fit(self, crops: Crops, batches: int, device: torch.device) -> dict[str, float]:
        """Find the components; returns each layer's explained variance at its k."""
        sums: dict[str, tuple[Tensor, Tensor, int]] = {}
        for _ in range(batches):
            x = torch.cat([crops.either() for _ in range(4)]).to(device)
            for name, f in self.encoder(x, list(COMPONENTS)).items():
                flat = f.movedim(1, 0).flatten(1).double()
                s, r, n = sums.get(name, (0.0, 0.0, 0))
                sums[name] = (s + flat.sum(1), r + flat @ flat.T, n + flat.shape[1])
        explained = {}
        for name, (s, r, n) in sums.items():
            mean = s / n
            values, vectors = torch.linalg.eigh(r / n - torch.outer(mean, mean))
            k, total = COMPONENTS[name], values.sum()
            explained[name] = (values[-k:].sum() / total).item()
            weight = (vectors[:, -k:].flip(1).T / total.sqrt()).float()
            self.maps[name] = (weight, (weight @ mean.float()))
        return explained

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        """B×3×H×W in [0, 1] to coordinates, B×k×H/s×W/s in bfloat16 (half the memory of a pool)."""
        out = {}
        for name, f in self.encoder(x, list(COMPONENTS)).items():
            weight, offset = self.maps[name]
            out[name] = (torch.einsum("kc,bchw->bkhw", weight, f) - offset.view(1, -1, 1, 1)).bfloat16()
        return out

    def save(self, path: Path) -> None:
        """Write the maps as safetensors."""
        tensors = {}
        for name, (weight, offset) in self.maps.items():
            tensors |= {f"{name}.weight": weight.contiguous(), f"{name}.offset": offset.contiguous()}
        save_file(tensors, path)

    def load(self, path: Path, device: torch.device) -> None:
        """Read the maps."""
        tensors = {key: tensor.float().to(device) for key, tensor in load_file(path).items()}
        self.maps = {n: (tensors[f"{n}.weight"], tensors[f"{n}.offset"]) for n in COMPONENTS}
