"""Named weights: where they may lie on this disk, how a missing file gets there, and how a file is opened."""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from safetensors import SafetensorError, safe_open

from pictura.runtime.errors import PicturaError, reason
from pictura.runtime.files import digest_file, write_atomic

# What safetensors itself does not limit. The four networks of a CycleGAN have 113 MB, VGG-19 has 548; this leaves room.
MAX_BYTES = 2**31
MAX_TENSORS = 10_000
TIMEOUT = 30  # seconds without an answer
PICKLE_SUFFIXES = {".pth", ".pt", ".pkl", ".pickle", ".bin", ".ckpt", ".t7", ".tar"}


@dataclass(frozen=True)
class HubFile:
    """A file on huggingface.co at one commit."""

    repo: str
    revision: str
    filename: str = "model.safetensors"

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"https://huggingface.co/{self.repo}/resolve/{self.revision}/{self.filename}"

    def download(self, into: Path, what: str, by_hand: str) -> Path:
        """Download into the folder `into`, where the hub's client continues a broken download.

        Args:
            into: a folder beside the one where the file is looked for.
            what: what the error says was to be fetched.
            by_hand: what a person can do instead, as an imperative.

        Raises:
            PicturaError: the hub's client is not installed, or does not get the file.
        """
        try:
            from huggingface_hub import hf_hub_download  # type: ignore[import-not-found, unused-ignore]  # an extra
        except ImportError as error:
            raise PicturaError(
                f"Downloading {what} needs huggingface_hub: pip install 'pictura[hub]', or {by_hand}."
            ) from error
        try:
            return Path(hf_hub_download(self.repo, self.filename, revision=self.revision, local_dir=into))
        except OSError as error:  # no network (LocalEntryNotFoundError), no such file, no answer, no space
            raise PicturaError(
                f"{what[:1].upper() + what[1:]} could not be downloaded ({type(error).__name__}): "
                f"try again with a network, or {by_hand}."
            ) from error


@dataclass(frozen=True)
class WebFile:
    """A published file whose content is known: it is the same for ever, or not taken."""

    url: str
    sha256: str

    def download(self, target: Path) -> Path:
        """Download to `target`, which exists afterwards with this content or not at all.

        Raises:
            PicturaError: there is no network or no such file, it is too large, or another file.
        """
        from http.client import HTTPException  # slow to import, and seldom needed
        from urllib.error import URLError
        from urllib.request import urlopen

        digest, received = hashlib.sha256(), 0

        def fill(file: BinaryIO) -> None:
            nonlocal received
            try:
                with urlopen(self.url, timeout=TIMEOUT) as answer:  # noqa: S310, the schemes are ours
                    while block := answer.read(2**20):
                        received += len(block)
                        if received > MAX_BYTES:
                            raise PicturaError(f"{self.url} exceeds the limit of {MAX_BYTES / 2**30:g} GB.")
                        digest.update(block)
                        file.write(block)
            except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
                raise PicturaError(
                    f"{self.url} could not be downloaded ({type(error).__name__}): try again with a network, or take "
                    "it with a browser."
                ) from error
            if digest.hexdigest() != self.sha256:
                raise PicturaError(
                    f"SHA-256 mismatch for {self.url}: expected {self.sha256[:12]}…, got {digest.hexdigest()[:12]}…; "
                    "nothing was kept."
                )

        return write_atomic(target, fill, overwrite=True)


@dataclass(frozen=True)
class Artifact:
    """One weight file known by name.

    Attributes:
        name: what errors call it.
        filename: its name in `folder` and in `packaged`.
        folder: where it is downloaded to, or put by hand.
        packaged: the folder of the package that is searched first.
        sha256: its digest; None where nobody publishes one.
        hub: where it can be downloaded; None where it cannot.
    """

    name: str
    filename: str
    folder: Path
    packaged: Path | None = None
    sha256: str | None = None
    hub: HubFile | None = None

    def find(self) -> Path | None:
        """The file on this disk, its content unread, or None."""
        folders = [self.folder] if self.packaged is None else [self.packaged, self.folder]
        return next((folder / self.filename for folder in folders if (folder / self.filename).is_file()), None)

    def verify(self, path: Path) -> None:
        """Refuse a file that is not the published one, byte for byte."""
        if self.sha256 is not None:
            verify_sha256(path, self.sha256, f"delete it and download '{self.name}' again")

    def fetch(self) -> Path:
        """The verified file, downloaded when it is not on this disk.

        Raises:
            PicturaError: it is nowhere to be had, or is not the published one.
        """
        path = self.find()
        if path is None:
            return self._download()
        self.verify(path)
        return path

    def _download(self) -> Path:
        """Download to a side folder, so that a broken or wrong file never stands where `find` looks."""
        if self.hub is None:
            raise PicturaError(
                f"The weights '{self.name}' are not on this disk: put '{self.filename}' into {self.folder}."
            )
        by_hand = f"save {self.hub.url} as '{self.filename}' in {self.folder}"
        path = self.hub.download(self.folder / "downloads" / self.name, f"the weights '{self.name}'", by_hand)
        try:
            self.verify(path)
        except PicturaError:
            path.unlink()
            raise
        return path.replace(self.folder / self.filename)


def verify_sha256(path: Path, sha256: str, remedy: str = "download or save the model again") -> None:
    """Refuse a file with another digest; `remedy` says what to do."""
    actual = digest_file(path).sha256
    if actual != sha256:
        raise PicturaError(f"SHA-256 mismatch for '{path}': expected {sha256[:12]}…, got {actual[:12]}…; {remedy}.")


@contextlib.contextmanager
def open_safetensors(path: Path, *, framework: str = "pt", any_suffix: bool = False) -> Iterator[Any]:
    """The safetensors file at `path`, only its header read.

    Args:
        path: the file; a suffix of pickles is refused before it is opened, unless `any_suffix`.
        framework: pt for torch's tensors, np for numpy's; with np torch is not imported.
        any_suffix: the caller knows by the content that it is no pickle.

    Raises:
        PicturaError: it is missing, no safetensors file, or beyond `MAX_BYTES` or `MAX_TENSORS`.
    """
    if path.suffix.lower() in PICKLE_SUFFIXES and not any_suffix:
        raise PicturaError(
            f"'{path}' is a pickle, which can run code when it is read: convert it to safetensors "
            "(`pictura import` converts known weights)."
        )
    if not path.is_file():
        raise PicturaError(f"There is no weight file '{path}': check the path.")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PicturaError(f"'{path}' exceeds the limit of {MAX_BYTES / 2**30:g} GB for a file of weights.")
        with safe_open(path, framework=framework) as file:
            if len(file.keys()) > MAX_TENSORS:
                raise PicturaError(f"'{path}' has more than {MAX_TENSORS} tensors, too many for a file of weights.")
            yield file
    except (SafetensorError, OSError) as error:
        raise PicturaError(
            f"'{path}' cannot be read as a safetensors file ({reason(error)}): download it again."
        ) from error
