"""What is damaged: for each kind of file a few sound ones, small, and the reader that gets them."""

import csv
import json
import random
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from mutate import damage_bytes, damage_text
from PIL import Image, PngImagePlugin

Damage = Callable[[bytes, random.Random], bytes]


class Target(ABC):
    """A kind of file. `folder` is where the sound ones are made."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.make()
        self.sound = self.files()

    @abstractmethod
    def make(self) -> None:
        """Write the sound files."""

    @abstractmethod
    def read(self, path: Path) -> None:
        """Read one as the program does."""

    def files(self) -> list[Path]:
        """The sound ones."""
        return sorted(self.folder.iterdir())

    def damage(self, content: bytes, dice: random.Random) -> bytes:
        """What is done to the bytes."""
        return damage_bytes(content, dice)

    def damaged(self, dice: random.Random, to: Path) -> Path:
        """One of the files, damaged."""
        one = dice.choice(self.sound)
        to.mkdir(exist_ok=True)
        path = to / one.name
        path.write_bytes(self.damage(one.read_bytes(), dice))
        return path


class Pictures(Target):
    """Every format and depth, with alpha, profile, text, EXIF."""

    def make(self) -> None:
        from pictura.picture import Picture, write

        noise = np.random.default_rng(11).integers(0, 256, (24, 30, 3), np.uint8)
        alpha = np.linspace(0, 1, 24 * 30, dtype=np.float32).reshape(24, 30)
        for suffix in ("png", "jpg", "webp", "tif", "bmp"):
            write(Picture(noise, alpha), self.folder / f"alpha.{suffix}", settings={"seed": 1}, overwrite=True)
            write(Picture.of(noise[..., 0]), self.folder / f"grey.{suffix}", overwrite=True)
        for suffix in ("png", "tif"):
            deep = Picture.of(noise.astype(np.uint16) * 257)
            write(deep, self.folder / f"deep.{suffix}", overwrite=True)
        image = Image.fromarray(noise)
        exif = Image.Exif()
        exif[0x0112], exif[0x013B] = 6, "somebody"
        image.save(self.folder / "turned.jpg", exif=exif, progressive=True, dpi=(300, 300), comment="hello")
        image.quantize(16).save(self.folder / "palette.png", transparency=3)
        image.convert("CMYK").save(self.folder / "inks.jpg")
        for compression in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg"):
            image.save(self.folder / f"{compression}.tif", compression=compression)
        text = PngImagePlugin.PngInfo()
        text.add_itxt("title", "a" * 3000, zip=True)
        image.save(self.folder / "text.png", pnginfo=text)
        image.save(self.folder / "moving.webp", save_all=True, append_images=[image.rotate(90)])

    def read(self, path: Path) -> None:
        from pictura.picture import read

        read(path)


class Videos(Target):
    """Every container; painted by a painter that changes nothing."""

    def make(self) -> None:
        import av

        codecs = {"mkv": "libvpx-vp9", "mp4": "libx264", "webm": "libvpx-vp9", "avi": "mpeg4", "ts": "mpeg2video"}
        for suffix, codec in {**codecs, "mov": "mjpeg", "flv": "flv", "gif": "gif"}.items():
            with av.open(str(self.folder / f"clip.{suffix}"), "w") as out:
                out.metadata["title"] = "a clip"
                stream = out.add_stream(codec, Fraction(25))
                kind = {"gif": "rgb8", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
                stream.width, stream.height, stream.pix_fmt = 32, 24, kind
                for i in range(12):
                    shade = np.full((24, 32, 3), 20 * i, np.uint8)
                    out.mux(stream.encode(av.VideoFrame.from_ndarray(shade, "rgb24").reformat(format=kind)))
                out.mux(stream.encode(None))

    def read(self, path: Path) -> None:
        from pictura.video import paint_video

        def paint(image):
            return image

        paint_video(path, path.with_name("painted.mkv"), paint, codec="ffv1", statistics="frames", overwrite=True)


class Styles(Target):
    """A ``.style`` file of a small encoder."""

    def make(self) -> None:
        import torch

        from pictura.style import Style

        torch.manual_seed(0)
        moments = {f"relu{i}_1": (torch.rand(4), torch.rand(4, 4)) for i in (1, 2)}
        Style("compact", {181: moments, 512: moments}, {"title": "a"}).save(self.folder / "a.style", overwrite=True)

    def read(self, path: Path) -> None:
        from pictura.style import Style

        assert all(part.isfinite().all() for pair in Style.load(path).at(300).values() for part in pair)


class Models(Target):
    """A bundle in one file, and the same with its config.json beside it."""

    def make(self) -> None:
        from pictura.methods import find_method
        from pictura.tasks.load import save_pretrained

        kind = find_method("srcnn")
        folder = save_pretrained(kind(kind.tiny()), self.folder.with_name("model"), overwrite=True)
        shutil.copy(folder / "model.safetensors", self.folder / "one.safetensors")

    def damaged(self, dice: random.Random, to: Path) -> Path:
        if dice.random() < 0.6:
            return super().damaged(dice, to)
        one = self.folder.with_name("model")
        shutil.copytree(one, to, dirs_exist_ok=True)
        file = to / dice.choice(("model.safetensors", "config.json"))
        file.write_bytes((damage_text if file.suffix == ".json" else damage_bytes)(file.read_bytes(), dice))
        return to

    def damage(self, content: bytes, dice: random.Random) -> bytes:
        """Mostly the header, its length mended: a wrong one is all that a reader would look at."""
        length = int.from_bytes(content[:8], "little")
        if dice.random() < 0.3:
            return damage_bytes(content, dice)
        header = damage_text(content[8 : 8 + length], dice)
        return len(header).to_bytes(8, "little") + header + content[8 + length :]

    def read(self, path: Path) -> None:
        from pictura.tasks.load import from_pretrained

        from_pretrained(path)


class Recipes(Target):
    """The shipped recipes and one with every table, validated as a training does."""

    def make(self) -> None:
        from pictura.training.recipes import RECIPES_FOLDER

        for path in RECIPES_FOLDER.glob("*.toml"):
            shutil.copy(path, self.folder)

    def damage(self, content: bytes, dice: random.Random) -> bytes:
        return damage_text(content, dice)

    def read(self, path: Path) -> None:
        from pictura.data import data_settings
        from pictura.methods import find_method
        from pictura.runtime.settings import validate_settings
        from pictura.training.recipes import read_recipe
        from pictura.training.settings import TrainSettings

        tables = read_recipe(path)
        validate_settings(TrainSettings, tables["train"])
        validate_settings(find_method(path.stem.split("-")[0]).Settings, tables["method"])
        data_settings(tables["data"])


class Config(Target):
    """What ``--config`` is given: JSON, and a picture with settings."""

    def make(self) -> None:
        from pictura.methods.iterative.settings import PRESETS
        from pictura.picture import Picture, write

        made = {"settings": PRESETS["balanced"].model_dump(mode="json"), "styles": ["starry-night"], "size": 64}
        (self.folder / "made.json").write_text(json.dumps(made), encoding="utf-8")
        (self.folder / "bare.json").write_text(json.dumps(made["settings"]), encoding="utf-8")
        for suffix in ("png", "jpg"):
            picture = Picture.of(np.zeros((8, 8, 3), np.uint8))
            write(picture, self.folder / f"made.{suffix}", settings=made, overwrite=True)

    def damage(self, content: bytes, dice: random.Random) -> bytes:
        return (damage_text if content[:1] == b"{" else damage_bytes)(content, dice)

    def read(self, path: Path) -> None:
        from pictura.cli.provenance import load_provenance
        from pictura.tasks.provenance import load_settings

        load_provenance(path, "balanced")
        load_settings(path)


class Tables(Target):
    """A table of labels beside pictures."""

    def make(self) -> None:
        self.pictures = self.folder.with_name("pictures")
        self.pictures.mkdir(exist_ok=True)
        names = [f"{i}.png" for i in range(6)]
        for name in names:
            Image.linear_gradient("L").resize((16, 16 + int(name[0]))).convert("RGB").save(self.pictures / name)
        with (self.folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
            rows = [[name, i % 2, "left" if i % 3 else "right"] for i, name in enumerate(names)]
            csv.writer(file).writerows([["file", "age", "side"], *rows])

    def damage(self, content: bytes, dice: random.Random) -> bytes:
        return damage_text(content, dice)

    def read(self, path: Path) -> None:
        from pictura.data import audit_source, data_settings, open_data

        named = data_settings({"csv": str(path.resolve()), "labels": ["side"]})
        audit_source(open_data(self.pictures, "labelled", 8, settings=named))


class Weights(Target):
    """Checkpoints of torch, new and old, as ``pictura import`` reads them."""

    def make(self) -> None:
        import torch

        tensors = {"a.weight": torch.rand(3, 4), "a.bias": torch.rand(3), "n": torch.tensor(3)}
        torch.save({"state_dict": tensors}, self.folder / "new.pt")
        torch.save(tensors, self.folder / "old.pt", _use_new_zipfile_serialization=False)

    def read(self, path: Path) -> None:
        from pictura.interop.checkpoint import read_tensors

        read_tensors(path)


class Checkpoints(Target):
    """The folder of a training, resumed; half of the damage has its digest made right again."""

    def make(self) -> None:
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        self._train(self.folder / "run", resume=False)

    def damaged(self, dice: random.Random, to: Path) -> Path:
        from pictura.runtime.files import digest_file

        shutil.copytree(self.folder / "run", to, dirs_exist_ok=True)
        shutil.rmtree(to / "bundle")
        saved = next((to / "checkpoints").iterdir())
        file = dice.choice([*sorted(saved.iterdir()), to / "settings.json"])
        file.write_bytes((damage_text if file.suffix == ".json" else damage_bytes)(file.read_bytes(), dice))
        if file.parent == saved and file.name != "manifest.json" and dice.random() < 0.7:
            manifest = json.loads((saved / "manifest.json").read_bytes())
            manifest["files"][file.name] = digest_file(file)._asdict()
            (saved / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return to

    def read(self, path: Path) -> None:
        self._train(path, resume=True)

    def _train(self, folder: Path, resume: bool) -> None:
        import torch

        from pictura.methods import find_method
        from pictura.training.fit import fit
        from pictura.training.settings import TrainSettings

        torch.manual_seed(0)
        kind = find_method("srcnn")
        loop = {"steps": 1, "batch": 2, "crop": 16, "precision": "32-true", "device": "cpu", "show_every": 9}
        fit(kind(kind.tiny()), Waves(), folder, TrainSettings(**loop, save_every=1, workers=0), resume=resume)


class Waves:
    """A data set that needs no files."""

    kind = "images"

    def fingerprint(self) -> str:
        return "waves"

    def __len__(self) -> int:
        return 4

    def sample(self, index, generator):
        import torch

        return {"image": torch.linspace(0, 1, 3 * 48 * 48).view(3, 48, 48).roll(index, 2)}


TARGETS = {
    kind.__name__.lower(): kind
    for kind in (Pictures, Videos, Styles, Models, Recipes, Config, Tables, Weights, Checkpoints)
}
