"""Flicker of painted videos with and without frozen statistics, and what a frame costs, in one run.

    python benchmarks/video.py [--photo FILE] [--only adain,fast] [--adain BUNDLE] [--fast BUNDLE] [--style NAME]
    python benchmarks/video.py --warp [--only adain,fast,photo,mk]

Flicker is the mean absolute difference of consecutive painted frames, in steps of 255, over the right third of the
picture, where the scene stands still. The clips are made of one picture, 16 frames of 512×256:

    walk      a bright disc moves through the left third
    pan       the camera turns by 24 pixels a frame; frames are shifted back before they are compared, 96 pixels at
              the edges left out
    grain     nothing moves; every frame has noise of its own, 2 steps of 255
    both      walk and grain
    exposure  nothing moves; the light of every frame is another one, by up to 4 %

`--warp` prints 10⁴ times the warping error of Lai et al. 2018 (`pictura measure -m warp`) instead, of clips painted as
files, lossless: of 24 frames of 256×160 while the camera

    pan       goes along the photograph of examples/, 5 pixels a frame
    zoom      goes into The Great Wave there, by 2.5 % a frame

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
from pictura.picture.resize import resize, resize_longest
from pictura.runtime.errors import PicturaError
from pictura.tasks.stylize import open_stylizer

FRAMES, HEIGHT, WIDTH = 16, 256, 512
SAMPLED = 8
PAN, EDGE = 24, 96
WARP_FRAMES, WARP_SIZE = 24, (160, 256)
WARP_OPTIONS: dict[str, dict] = {
    "frames": {"statistics": "frames"},
    "shots": {"statistics": "shots"},
    "followed": {"statistics": "shots", "follow": 0.5},
}
CLIPS = ("walk", "pan", "grain", "both", "exposure")
STYLES = {"adain": "starry-night", "fast": "starry-night"}
METHODS = {"adain": "adain", "fast": "johnson"}
PAINTINGS = Path(__file__).parents[1] / "examples" / "paintings"
WARP_STYLES = {
    "adain": ["starry-night", "the-scream"],
    "fast": ["starry-night", "the-scream"],
    "photo": [str(PAINTINGS / "starry-night.jpg"), str(PAINTINGS / "the-scream.jpg")],
    "mk": [str(PAINTINGS / "starry-night.jpg"), str(PAINTINGS / "the-scream.jpg")],
}


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


def moving(kind: str) -> list[Tensor]:
    """The frames of a clip in which the camera moves, 1×3×160×256, rounded to 8 bits."""
    examples, (height, width) = Path(__file__).parents[1] / "examples", WARP_SIZE
    if kind == "pan":
        photo = read(examples / "photo.jpg").tensor()
        wide = resize(photo, (round(photo.shape[2] * 376 / photo.shape[3]), 376))  # 256 + 24 × 5 pixels wide
        top = (wide.shape[2] - height) // 2
        frames = [wide[..., top : top + height, 5 * i : 5 * i + width] for i in range(WARP_FRAMES)]
    else:
        painting = resize(read(examples / "paintings" / "great-wave.jpg").tensor(), (360, 576))
        frames = []
        for i in range(WARP_FRAMES):
            h, w = (round(side / 1.025**i / 2) for side in (360, 576))
            frames.append(resize(painting[..., 180 - h : 180 + h, 260 - min(w, 260) : 260 + w], WARP_SIZE))
    return [(frame.clamp(0, 1) * 255).round() / 255 for frame in frames]


def warps(name: str, paint, style: str) -> None:  # type: ignore[no-untyped-def]
    """One row for each clip."""
    import av

    from pictura import measure
    from pictura.video import paint_video
    from pictura.video.colour import ColourCoding, to_frame, to_rgb

    coding = ColourCoding(1, False)
    for kind in ("pan", "zoom"):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "in.mkv"
            with av.open(str(source), "w") as out:
                stream = out.add_stream("ffv1", 25)
                stream.height, stream.width, stream.pix_fmt = *WARP_SIZE, "yuv444p"
                for i, image in enumerate(moving(kind)):
                    frame = to_frame(image, "yuv444p", coding)
                    frame.pts = i
                    out.mux(stream.encode(frame))
                out.mux(stream.encode(None))
            shown = {}
            for kept, options in WARP_OPTIONS.items():
                target = Path(folder) / f"{kept}.mkv"
                paint_video(source, target, paint, codec="ffv1", **options)
                with av.open(str(target)) as clip:
                    shown[kept] = [to_rgb(frame, coding) for frame in clip.decode(video=0)]
            with av.open(str(source)) as clip:
                real = [to_rgb(frame, coding) for frame in clip.decode(video=0)]
        video, *made = (1e4 * measure(one, real, "warp")[0].value for one in (real, *shown.values()))
        ratios = " | ".join(f"{one / made[0]:.2f}" for one in made[1:])
        print(f"| {name} | {style} | {kind} | {video:.2f} | {made[0]:.2f} | {ratios} |", flush=True)


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
    p.add_argument("--only")
    p.add_argument("--warp", action="store_true", help="the warping error instead")
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
        photo = resize_longest(photo, 2 * WIDTH)
        picture = photo[..., max(0, photo.shape[2] - HEIGHT) // 2 :, :][..., :HEIGHT, :]
    if a.warp:
        print(
            "\nwarping error × 10⁴\n\n| method | style | clip | of the video | frames | shots ÷ frames | + follow 0.5 |"
        )
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for name in (a.only or "adain,fast,photo,mk").split(","):
            for style in [a.style] if a.style else WARP_STYLES[name]:
                method, model = (name, None) if name in METHODS else ("photo", None if name == "photo" else name)
                warps(
                    name,
                    open_stylizer(METHODS.get(method, method), [style], model=model, faces=False),
                    Path(style).stem,
                )
        return
    painters = {}
    for name in (a.only or "adain,fast").split(","):
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
