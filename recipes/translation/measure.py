"""How near translations are to a domain: python measure.py RUN DATA [--encoder FILE] [--sheet PNG] [--extra FILE …].

RUN is the folder of a training (its newest checkpoint's averaged weights), a bundle or a shipped model's name; DATA has
trainA, testA and trainB. The distance is the kernel distance of Bińkowski et al. 2018 (arXiv 1801.01401) between
features that no loss saw, ResNet-18's layer 3 averaged over positions and divided by the mean std over real_B; `share`
is fake_B's distance as a share of the untouched photographs'. One JSON line comes out, and a sheet of photographs above
their translations.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from pictura import Picture, models, read, write
from pictura.encoders import Encoder, load_encoder
from pictura.losses.correlation import correlation
from pictura.methods import find_method, open_method
from pictura.metrics.kernel import kernel_distance
from pictura.runtime.errors import PicturaError
from pictura.runtime.threads import use_threads
from pictura.training.capabilities import Translates

SHOWN = (0, 4, 9, 17, 23, 31, 40, 55)  # of the test photographs
WINDOW = 64  # side in which `mesh` looks for repetition
NEAR = 4  # distance below which everything resembles itself
CONTENT = ("relu3_1", "relu4_1")  # layers whose correlation is told
COMPARED = 20  # photographs whose content correlation is taken


def main() -> None:
    asked = arguments()
    use_threads(1)
    method = opened_run(asked.run)
    photos = pictures(asked.data / "testA")
    made = [method.translate(photo, strength=asked.strength) for photo in photos]
    result = {"run": asked.run, "strength": asked.strength}
    if asked.encoder is not None:
        result |= distances(asked.data, made, asked.encoder, asked.cache)
    result |= kept(photos[:COMPARED], made[:COMPARED])
    result["mesh"] = round(mesh(photos, made), 3)
    print(json.dumps(result))
    if asked.sheet is not None:
        chosen = [i for i in SHOWN if i < len(photos)]
        rows = torch.cat([torch.cat([photos[i], made[i]], 2) for i in chosen], 3)
        half = rows.shape[3] // 2
        save(torch.cat([rows[..., :half], rows[..., half:]], 2), asked.sheet)
    for path in asked.extra:
        photo = Picture.tensor(read(path))
        target = asked.sheet.with_name(f"{asked.sheet.stem}-{path.stem}.png")
        save(method.translate(photo, strength=asked.strength), target)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", type=Path, help="ResNet-18's weights; left out: no distance")
    parser.add_argument("--cache", type=Path, help="folder for what is measured of real pictures")
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--extra", type=Path, nargs="*", default=[])
    return parser.parse_args()


def opened_run(run: str) -> Translates:
    """From a shipped name, a bundle, or the newest checkpoint of a training that has none yet."""
    checkpoints = Path(run) / "checkpoints"
    if (Path(run) / "bundle").exists() or not checkpoints.exists():
        method = open_method(models.read_bundle(Path(run) / "bundle" if (Path(run) / "bundle").exists() else run))
    else:
        newest = max(path for path in checkpoints.iterdir() if path.name.startswith("step-"))
        identity = json.loads((newest / "state.json").read_text())["identity"]
        method = find_method(identity["method"])(validated(identity))
        weights = load_file(newest / "ema.safetensors")
        for name, network in method.deployed_networks().items():
            mine = {key.removeprefix(f"{name}."): t for key, t in weights.items() if key.startswith(f"{name}.")}
            network.load_state_dict(mine, strict=True)
            network.eval().requires_grad_(False)
    if not isinstance(method, Translates):
        raise PicturaError(f"The model '{run}' does not translate.")
    return method


def validated(identity: dict[str, Any]) -> Any:
    return find_method(identity["method"]).Settings(**identity["method settings"])


def pictures(folder: Path) -> list[Tensor]:
    return [Picture.tensor(read(path)) for path in sorted(folder.iterdir())]


def distances(data: Path, made: list[Tensor], weights: Path, cache: Path | None) -> dict[str, float]:
    """Of made and of untouched pictures, with features in units of their std over real_B and as they are."""
    encoder = load_encoder("resnet18-torchvision-to-layer3", weights=weights)
    untouched, real_b = (known(data / side, encoder, cache) for side in ("testA", "trainB"))
    fake_b = seen(made, encoder)
    unit = real_b.std(0).mean()
    result = {}
    for name, scale in (("", unit), ("_raw", torch.ones(()))):
        before, after = (kernel_distance(some / scale, real_b / scale) for some in (untouched, fake_b))
        result |= {f"photos{name}": round(before, 4), f"made{name}": round(after, 4)}
        result[f"share{name}"] = round(after / before, 3)
    return result


def known(folder: Path, encoder: Encoder, cache: Path | None) -> Tensor:
    """Features of a folder's pictures, kept beside the others' in the cache."""
    if cache is None:
        return seen(pictures(folder), encoder)
    place = cache / f"{folder.parent.name}-{folder.name}.safetensors"
    if not place.exists():
        cache.mkdir(parents=True, exist_ok=True)
        save_file({"features": seen(pictures(folder), encoder)}, place)
    return load_file(place)["features"]


def seen(some: list[Tensor], encoder: Encoder) -> Tensor:
    layer = encoder.layers[-1]
    with torch.no_grad():
        return torch.cat([encoder(picture, [layer])[layer].mean((2, 3)) for picture in some])


def kept(photos: list[Tensor], made: list[Tensor]) -> dict[str, float]:
    """How much of the content is left, and how far the pixels moved."""
    encoder = load_encoder("compact")
    total = 0.0
    with torch.no_grad():
        for photo, other in zip(photos, made, strict=True):
            f, p = encoder(other, CONTENT), encoder(photo, CONTENT)
            total += sum(float(correlation(f[layer], p[layer])) for layer in CONTENT) / len(CONTENT)
    moved = sum(float((m - p).abs().mean()) for p, m in zip(photos, made, strict=True)) / len(photos)
    return {"correlation": round(total / len(photos), 3), "moved": round(moved, 4)}


def mesh(photos: list[Tensor], made: list[Tensor]) -> float:
    """How much of what was painted into flat places repeats: greatest autocorrelation at a distance, in [0, 1].

    Of all windows the quarter in which the photographs have least contrast; 0.2 and less is brushwork, 0.5 a mesh.
    """
    windows = [_windows(torch.cat([p, m - p], 1)) for p, m in zip(photos, made, strict=True)]
    both = torch.cat(windows)
    flat = both[:, :3].std((2, 3)).mean(1).argsort()[: len(both) // 4]
    painted = both[flat, 3:].mean(1, keepdim=True)
    painted = painted - F.avg_pool2d(painted, 17, 1, 8, count_include_pad=False)
    spectrum = torch.fft.rfft2(painted, (2 * WINDOW, 2 * WINDOW)).abs().square()
    lags = torch.fft.irfft2(spectrum, (2 * WINDOW, 2 * WINDOW))[:, 0]
    far = lags[:, : WINDOW // 2, : WINDOW // 2].clone()
    far[:, :NEAR, :NEAR] = 0
    return float((far.flatten(1).amax(1) / lags[:, 0, 0].clamp(min=1e-12)).mean())


def _windows(x: Tensor) -> Tensor:
    """1×C×H×W to n×C×WINDOW×WINDOW without overlap."""
    cut = x.unfold(2, WINDOW, WINDOW).unfold(3, WINDOW, WINDOW)
    return cut.permute(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1], WINDOW, WINDOW)


def save(picture: Tensor, path: Path) -> None:
    write(Picture.of(picture), path, overwrite=True)


if __name__ == "__main__":
    main()
