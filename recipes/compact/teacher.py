"""VGG-19 seen through its principal components: what the student learns to say."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pictura.networks.compact import COMPONENTS
from pictura.networks.vgg import VGG
from pictures import Crops

# RGB means of the Caffe training set, 0..255.
CAFFE_MEAN = (123.68, 116.779, 103.939)


class Teacher(nn.Module):
    """VGG-19 to relu5_1; every convolution repeats the border instead of adding zeros, so a picture has no rim."""

    def __init__(self, weights: Path, dtype: torch.dtype) -> None:
        super().__init__()
        network, state = VGG("vgg19"), load_file(weights)
        deepest = network.names.index("relu5_1") + 1
        self.names = network.names[:deepest]
        self.features = network.features[:deepest]
        self.features.load_state_dict({k.removeprefix("features."): v.float() for k, v in state.items()})
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):
                layer.padding_mode = "replicate"
                layer._reversed_padding_repeated_twice = [1, 1, 1, 1]
        self.register_buffer("mean", torch.tensor(CAFFE_MEAN).view(1, 3, 1, 1))
        self.requires_grad_(False).to(dtype=dtype, memory_format=torch.channels_last)
        self.dtype = dtype

    def responses(self, x: Tensor) -> dict[str, Tensor]:
        """B×3×H×W in [0, 1] to the responses at the layers of `COMPONENTS`."""
        x = (255 * x).to(self.dtype).contiguous(memory_format=torch.channels_last) - self.mean
        found = {}
        for name, layer in zip(self.names, self.features, strict=True):
            x = layer(x)
            if name in COMPONENTS:
                found[name] = x
        return found


class Basis(nn.Module):
    """Principal components of the responses over many crops, as 1×1 maps to coordinates."""

    def __init__(self, teacher: Teacher) -> None:
        super().__init__()
        self.teacher = teacher
        self.maps: dict[str, tuple[Tensor, Tensor]] = {}

    @torch.no_grad()
    def fit(self, crops: Crops, batches: int, device: torch.device) -> dict[str, float]:
        """Find the components; returns each layer's explained variance at its k."""
        sums: dict[str, tuple[Tensor, Tensor, int]] = {}
        for _ in range(batches):
            x = torch.cat([crops.either() for _ in range(4)]).to(device)
            for name, f in self.teacher.responses(x).items():
                flat = f.float().movedim(1, 0).flatten(1).double()
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

    @torch.no_grad()
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """B×3×H×W in [0, 1] to coordinates, B×k×H/s×W/s in bfloat16 (half the memory of a pool)."""
        out = {}
        for name, f in self.teacher.responses(x).items():
            weight, offset = self.maps[name]
            coordinates = torch.einsum("kc,bchw->bkhw", weight.to(f.dtype), f)
            out[name] = (coordinates.float() - offset.view(1, -1, 1, 1)).bfloat16()
        return out

    def save(self, path: Path, note: dict[str, str]) -> None:
        """Write the maps as safetensors."""
        tensors = {}
        for name, (weight, offset) in self.maps.items():
            tensors |= {f"{name}.weight": weight.contiguous(), f"{name}.offset": offset.contiguous()}
        save_file(tensors, path, note)

    def load(self, path: Path, device: torch.device) -> None:
        """Read the maps."""
        tensors = load_file(path, device=str(device))
        self.maps = {n: (tensors[f"{n}.weight"], tensors[f"{n}.offset"]) for n in COMPONENTS}
