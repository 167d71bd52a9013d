"""Flicker of painted videos with and without frozen statistics, and what a frame costs, in one run.

    python benchmarks/video.py [--photo FILE] [--only adain,fast] [--adain BUNDLE] [--fast BUNDLE] [--style NAME]

Flicker is the mean absolute difference of consecutive painted frames, in steps of 255, over the right third of the
picture, where the scene stands still. The clips are made of one picture, 16 frames of 512×256:

    walk      a bright disc moves through the left third
    pan       the camera turns by 24 pixels a frame; frames are shifted back before they are compared, 96 pixels at
              the edges left out
    grain     nothing moves; every frame has noise of its own, 2 steps of 255
    both      walk and grain
    exposure  nothing moves; the light of every frame is another one, by up to 4 %

The second table is time: a whole `paint_video` from VP9 to VP9 with the painter, and with none.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from pictura import read
from pictura.networks.tiling.frozen import freeze_statistics
from pictura.picture.resize import fit_size, resize
from pictura.runtime.errors import PicturaError
from pictura.tasks.stylize import open_stylizer

FRAMES, HEIGHT, WIDTH = 16, 256, 512
SAMPLED = 8
PAN, EDGE = 24, 96
CLIPS = ("walk", "pan", "grain", "both", "exposure")
STYLES = {"adain": "starry-night", "fast": "starry-night"}
METHODS = {"adain": "adain", "fast": "johnson"}


def scene() -> Tensor:
    """Soft colours and some discs, 1×3×256×1024."""
    number = torch.Generator().manual_seed(0)
    soft = resize(torch.rand(1, 3, 8, 32, generator=number), (HEIGHT, 2 * WIDTH))
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(2 * WIDTH), indexing="ij")
    for _ in range(80):
        top, left, size, *colour = torch.rand(6, generator=number).tolist()
        inside = (y - top * HEIGHT) ** 2 + (x - left * 2 * WIDTH) ** 2 < (5 + 25 * size) ** 2
        soft = torch.where(inside, torch.tensor(colour).view(3, 1, 1), soft)
    return soft


def clip(kind: str, picture: Tensor) -> list[Tensor]:
    """The frames of a clip, rounded to 8 bits."""
    number = torch.Generator().manual_seed(1)
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    frames = []
    for i in range(FRAMES):
        frame = picture[..., PAN * i * (kind == "pan") :][..., :WIDTH]
        if kind in ("walk", "both"):
            inside = (y - HEIGHT / 2) ** 2 + (x - 10 - 8 * i) ** 2 < 60**2
            frame = torch.where(inside, torch.tensor([1.0, 0.95, 0.8]).view(3, 1, 1), frame)
        if kind in ("grain", "both"):
            frame = frame + 2 / 255 * torch.randn(frame.shape, generator=number)
        if kind == "exposure":
            frame = frame * (0.96 + 0.04 * torch.rand(1, generator=number))
        frames.append((frame.clamp(0, 1) * 255).round() / 255)
    return frames


def flicker(kind: str, frames: Iterator[Tensor] | list[Tensor]) -> float:
    """In steps of 255."""
    made = torch.cat(list(frames))
    if kind == "pan":
        now, then = made[1:, ..., EDGE : -EDGE - PAN], made[:-1, ..., EDGE + PAN : -EDGE]
    else:
        now, then = (part[..., WIDTH * 2 // 3 :] for part in (made[1:], made[:-1]))
    return 255 * (now - then).abs().mean().item()


def flickers(name: str, paint, picture: Tensor) -> None:
    """One row for each clip."""
    for kind in CLIPS:
        frames = clip(kind, picture)
        steady = freeze_statistics(paint, frames[:: FRAMES // SAMPLED])
        own, held = (flicker(kind, (one(frame) for frame in frames)) for one in (paint, steady))
        print(
            f"| {name} | {kind} | {flicker(kind, frames):.2f} | {own:.2f} | {held:.2f} | {held / own:.2f} |", flush=True
        )


def seconds(source: Path, paint, statistics: str = "shots") -> tuple[float, float]:
    """Wall and processor seconds a frame of a whole `paint_video`."""
    from pictura.video import paint_video

    wall, cpu = time.perf_counter(), time.process_time()
    made = paint_video(source, source.with_name("out.mp4"), paint, statistics=statistics, overwrite=True)
    return (time.perf_counter() - wall) / made.frames, (time.process_time() - cpu) / made.frames


def filmed(picture: Tensor, path: Path, height: int, width: int, count: int) -> Path:
    """A clip as a file, made with what is measured."""
    import av

    from pictura.video.colour import ColourCoding, to_frame

    with av.open(str(path), "w") as out:
        stream = out.add_stream("libvpx-vp9", 25, {"cpu-used": "8", "deadline": "realtime"})
        stream.height, stream.width = height, width
        for i in range(count):
            frame = to_frame(resize(picture.roll(3 * i, 3), (height, width)), "yuv420p", ColourCoding(1, False))
            frame.pts = i
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--photo", type=Path)
    p.add_argument("--only", default="adain,fast")
    p.add_argument("--adain")
    p.add_argument("--fast")
    p.add_argument("--style")
    p.add_argument("--threads", type=int)
    p.add_argument("--sizes", default="640x360,1280x720", help="of the clips for time; empty: none")
    p.add_argument("--count", type=int, default=24, help="frames of the clips for time")
    a = p.parse_args()
    if a.threads:
        torch.set_num_threads(a.threads)
    picture = scene()
    if a.photo:
        photo = read(a.photo).tensor()
        photo = resize(photo, fit_size(*photo.shape[2:], 2 * WIDTH))
        picture = photo[..., max(0, photo.shape[2] - HEIGHT) // 2 :, :][..., :HEIGHT, :]
    painters = {}
    for name in a.only.split(","):
        try:
            painters[name] = open_stylizer(METHODS[name], [a.style or STYLES[name]], model=getattr(a, name))
        except PicturaError as error:
            print(f"{name} is left out: {error}")
    print("\n| network | clip | flicker of the video | each frame's own statistics | frozen | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, paint in painters.items():
        flickers(name, paint, picture)
    if not a.sizes:
        return
    print("\n| size | painter | s a frame | CPU s a frame |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for size in a.sizes.split(","):
            width, height = map(int, size.split("x"))
            source = filmed(picture, Path(folder) / f"{size}.mp4", height, width, a.count)
            for name, paint in [("none", lambda x: x), *painters.items()]:
                wall, cpu = seconds(source, paint)
                print(f"| {size} | {name} | {wall:.3f} | {cpu:.3f} |", flush=True)


if __name__ == "__main__":
    main()
