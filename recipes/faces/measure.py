"""Measures what a trained model does to faces that it has not seen, by judges that no loss has seen.

    python recipes/faces/measure.py smile MODEL DATA --judges FOLDER [--attribute smiling] [--examples SMILES] [-o OUT]
    python recipes/faces/measure.py age MODEL DATA --judges FOLDER [--plain MODEL] [-o sheet.png]

DATA holds aligned faces: for smile a folder test/not_smiling and one test/smiling, for age a folder test of names such
as 34_0_00017.jpg. MODEL is a bundle, or a name of a shipped model. The figures are printed as JSON. The sheet shows the
faces themselves, which are those of real people: it is to be looked at, not to be kept.

Identity: ResNet-18's features of the edited face are, of all the unedited ones, nearest to those of the same person
(rank 1); and landmarks move by a share of the distance of the eyes.
"""

import argparse
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from judges import Judges, sharpness
from torch import Tensor
from torch.nn import functional as F

from pictura import models, read
from pictura.data.ages import AGE_GROUPS
from pictura.methods import open_method
from pictura.picture import Picture, write
from pictura.tasks.latent import LatentEditor
from pictura.training.method import Method

STRENGTHS = (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5)
MIDDLES = tuple((first + last) / 2 for first, last in AGE_GROUPS)
SHOWN = 12  # faces on a sheet
EYES = (36, 45)  # outer corners


class Unedited:
    """Faces as they are, and what the judges say of them."""

    def __init__(self, judges: Judges, x: Tensor) -> None:
        self.judges, self.x = judges, x
        self.boxes, self.around, self.found = judges.find(x)
        self.marks = judges.marks(x, self.boxes)
        features = judges.identity(x)
        self.mean = features.mean(0)
        self.features = F.normalize(features - self.mean, dim=1)

    def identity(self, made: Tensor) -> dict[str, float]:
        """How far edited faces are from these."""
        features = F.normalize(self.judges.identity(made) - self.mean, dim=1)
        nearest = (features @ self.features.T).argmax(1)
        distance = (self.judges.marks(made, self.boxes) - self.marks).norm(dim=2).mean(1)
        eyes = (self.marks[:, EYES[0]] - self.marks[:, EYES[1]]).norm(dim=1)
        return {
            "rank 1": round(float((nearest == torch.arange(len(made))).float().mean()), 3),
            "cosine": round(float((features * self.features).sum(1).mean()), 3),
            "landmarks": round(float((distance / eyes).mean()), 3),
            "sharpness": round(sharpness(made) / sharpness(self.x), 3),
        }


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=("smile", "age"))
    p.add_argument("model")
    p.add_argument("data", type=Path)
    p.add_argument("--judges", type=Path, required=True)
    p.add_argument("--attribute", default="smiling")
    p.add_argument("--examples", type=Path, help="labelled faces, from which a latent model learns its direction")
    p.add_argument("--plain", help="another model of ages, whose sharpness is told, too")
    p.add_argument("--count", type=int, default=50, help="faces of a class, or ten times those of an age group")
    p.add_argument("-o", "--output", type=Path)
    a = p.parse_args()
    torch.set_num_threads(1)
    method, judges = open_method(models.read_bundle(a.model)), Judges(a.judges)
    if a.examples:
        method = LatentEditor.learn(method, a.examples, torch.device("cpu"))  # type: ignore[assignment,arg-type]
    if a.what == "smile":
        told, rows = measure_smile(method, judges, a.data / "test", a.attribute, a.count)
    else:
        told, rows = measure_age(method, judges, a.data / "test", a.count // 5)
        if a.plain:
            plain, _ = measure_age(open_method(models.read_bundle(a.plain)), judges, a.data / "test", a.count // 5)
            told["plain"] = plain
    print(json.dumps(told, ensure_ascii=False, indent=1))
    if a.output:
        write(Picture.of(torch.cat([torch.cat(list(row), 2) for row in rows], 1)[None]), a.output, overwrite=True)


def edited(method: Method, faces: Tensor, attributes: dict[str, float]) -> Tensor:
    """Faces one by one."""
    edit: Callable[..., Tensor] = method.edit  # type: ignore[attr-defined]  # what is asked for has it
    return torch.cat([edit(face[None], attributes=attributes) for face in faces])


def measure_smile(
    method: Method, judges: Judges, folder: Path, attribute: str, count: int
) -> tuple[dict[str, object], list[Tensor]]:
    """P(happy) over seven strengths, of those that smile and of the others; identity; the sheet."""
    classes = [sorted((folder / name).iterdir())[:count] for name in ("not_smiling", "smiling")]
    faces = torch.cat([read_faces(paths) for paths in classes])
    smiling = torch.tensor([i for i, paths in enumerate(classes) for _ in paths]).bool()
    unedited = Unedited(judges, faces)
    made = {s: edited(method, faces, {attribute: s}) for s in STRENGTHS}
    happy = {s: judges.happy(x, unedited.around) for s, x in made.items()}
    means = [float(h.mean()) for h in happy.values()]
    told: dict[str, object] = {
        "faces": len(faces),
        "strengths": STRENGTHS,
        "happy": [round(mean, 3) for mean in means],
        "rises": all(a < b for a, b in pairwise(means)),
        "happy, not smiling": [round(float(h[~smiling].mean()), 3) for h in happy.values()],
        "happy, smiling": [round(float(h[smiling].mean()), 3) for h in happy.values()],
        "identity": {s: unedited.identity(made[s]) for s in (-1.0, 1.0, 1.5)},
        "own class moves": round(
            float(
                torch.cat(
                    [
                        (made[-1.0] - faces)[~smiling].abs().mean((1, 2, 3)),
                        (made[1.0] - faces)[smiling].abs().mean((1, 2, 3)),
                    ]
                ).mean()
            ),
            4,
        ),
    }
    rows = [*range(SHOWN // 2), *range(len(classes[0]), len(classes[0]) + SHOWN // 2)]
    return told, [torch.stack([made[s][i] for s in STRENGTHS]) for i in rows]


def measure_age(method: Method, judges: Judges, folder: Path, each: int) -> tuple[dict[str, object], list[Tensor]]:
    """The judged age over the ten groups; identity; what one's own age changes; the sheet."""
    paths: list[Path] = []
    for first, last in AGE_GROUPS:
        paths += [one for one in sorted(folder.iterdir()) if first <= age_of(one) <= last][:each]
    ages = torch.tensor([float(age_of(path)) for path in paths])
    faces = read_faces(paths)
    unedited = Unedited(judges, faces)
    before = judges.ages(faces, unedited.around)
    made = [edited(method, faces, {"age": middle}) for middle in MIDDLES]
    after = torch.stack([judges.ages(x, unedited.around) for x in made])
    own = torch.cat(
        [edited(method, face[None], {"age": age}) for face, age in zip(faces, ages.clamp(0, 100).tolist(), strict=True)]
    )
    adults = (ages >= 21) & (ages <= 50)
    means = [round(float(row.mean()), 1) for row in after]
    told: dict[str, object] = {
        "faces": len(faces),
        "ages": MIDDLES,
        "judged, unedited": round(float(before.mean()), 1),
        "judged": means,
        "judged, adults of 21 to 50": [round(float(row[adults].mean()), 1) for row in after],
        "rises": all(a < b for a, b in pairwise(means)),
        "error": round(float((after - torch.tensor(MIDDLES)[:, None]).abs().mean()), 1),
        "error, unedited": round(float((before[None] - torch.tensor(MIDDLES)[:, None]).abs().mean()), 1),
        "own age": {
            "pixels": round(float((own - faces).abs().mean()), 4),
            "years": round(float((judges.ages(own, unedited.around) - before).abs().mean()), 1),
        },
        "identity": {middle: unedited.identity(x) for middle, x in zip(MIDDLES, made, strict=True)},
    }
    rows = torch.linspace(0, len(faces) - 1, SHOWN).long().tolist()
    return told, [torch.stack([faces[i], *(x[i] for x in made)]) for i in rows]


def age_of(path: Path) -> int:
    """Of a file named AGE_…"""
    return int(path.name.split("_")[0])


def read_faces(paths: list[Path]) -> Tensor:
    """N×3×H×W in [0, 1]."""
    return torch.cat([read(path).tensor().float() for path in paths])


if __name__ == "__main__":
    main()
