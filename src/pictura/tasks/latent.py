"""Faces edited through a model's codes: a code moves along a direction, and how its picture changes is added."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from pictura.faces import Point, find_faces
from pictura.picture.folder import find_pictures
from pictura.picture.reading import read
from pictura.picture.resize import from_float, resize, to_float
from pictura.runtime.errors import PicturaError
from pictura.tasks.directions import learn_directions
from pictura.training.capabilities import Encodes

MEASURED = 24  # examples in which a face is looked for, to see where faces lie in them


class LatentEditor:
    """Edits with a model that only encodes and decodes (Larsen et al. 2016, section 4.2): x + D(z + Σ v_k d_k) − D(z).

    z is x's code, d_k an attribute's direction and v_k how much of it. The difference of two decoded pictures is added,
    rather than the picture replaced by a decoded one, which would lose what the code does not hold.

    Args:
        method: a trained one, in eval mode.
        directions: attribute → Z.
        face: where eyes, nose tip and mouth corners lie in the pictures it was trained on.
    """

    def __init__(self, method: Encodes, directions: Mapping[str, Tensor], face: tuple[Point, ...]) -> None:
        self.method, self.directions, self.face = method, directions, face
        self.settings = getattr(method, "settings", None)  # for the side

    @classmethod
    def learn(cls, method: Encodes, examples: str | Path, device: torch.device) -> "LatentEditor":
        """With directions learned from labelled pictures, and faces where those have them.

        Raises:
            PicturaError: see `learn_directions`.
        """
        directions = learn_directions(method, examples, device=device)
        face = getattr(method, "face", None) or measure_face(Path(examples))
        return cls(method, {name: direction.to(device) for name, direction in directions.items()}, face)

    @property
    def attributes(self) -> tuple[str, ...]:
        """What the examples had labels for."""
        return tuple(self.directions)

    def encode(self, images: Tensor) -> Tensor:
        """As the method does."""
        return self.method.encode(images)

    def decode(self, codes: Tensor) -> Tensor:
        """As the method does."""
        return self.method.decode(codes)

    def edit(self, image: Tensor, *, attributes: Mapping[str, float], strength: float = 1.0) -> Tensor:
        """1×3×H×W in [0, 1] or uint8 to the same; see `pictura.training.capabilities.Edits`."""
        x = to_float(image)
        with torch.inference_mode():
            code = self.encode(x)
            step = torch.stack([value * self.directions[name] for name, value in attributes.items()]).sum(0)
            before, after = self.decode(torch.cat([code, code + strength * step]))[:, None]
        change = resize(0.5 + (after - before) / 2, (x.shape[-2], x.shape[-1])) * 2 - 1
        return from_float((x + change).clamp(0, 1), image.dtype)


def measure_face(folder: Path) -> tuple[Point, ...]:
    """Where faces lie in the pictures of a folder, in shares of their side: the mean of those with one face.

    Raises:
        PicturaError: there are hardly any.
    """
    pictures = find_pictures(folder).pictures
    found = []
    for path in pictures[:: max(1, len(pictures) // MEASURED)]:
        image = read(path).view()
        faces = find_faces(image)
        if len(faces) == 1:
            found.append(torch.tensor(faces[0].points) / max(image.shape[-2:]))
    if len(found) < MEASURED // 4:
        raise PicturaError(f"In '{folder}' hardly any face was found, so that none can be aligned like them.")
    return tuple((x, y) for x, y in torch.stack(found).mean(0).tolist())
