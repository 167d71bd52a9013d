"""A bundle becomes a folder: weights, settings, card, picture, each file whole or not at all."""

import contextlib
import hashlib
from pathlib import Path

from safetensors.torch import save as serialize

from pictura.models import card, config
from pictura.models.bundle import Bundle
from pictura.picture import Picture, write
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import check_free, write_atomic
from pictura.runtime.numbers import check_numbers


def save_bundle(bundle: Bundle, folder: str | Path, picture: Picture | None = None, *, overwrite: bool = False) -> Path:
    """Write model.safetensors, config.json, README.md and, of a picture, picture.jpg; return the folder.

    At every moment the folder holds a bundle that reads, or none: config.json, which vouches for the weights by their
    SHA-256, goes first and comes last. Files of other names are left alone.

    Raises:
        PicturaError: a file is there already, cannot be written, or weights are not finite; then no file is changed.
    """
    folder = check_bundle_target(folder, overwrite)
    if picture is not None:
        check_free(folder / config.PICTURE_FILE, overwrite)
    content = pack_bundle(bundle)
    with contextlib.suppress(FileNotFoundError):
        _remove_file(folder / config.CONFIG_FILE)
    write_atomic(folder / config.WEIGHTS_FILE, content, overwrite=overwrite)
    if picture is not None:
        write(picture, folder / config.PICTURE_FILE, quality=90, overwrite=overwrite)
    pictured = (folder / config.PICTURE_FILE).is_file()
    write_atomic(folder / config.CARD_FILE, card.render_card(bundle, pictured).encode(), overwrite=overwrite)
    digest = {"file": config.WEIGHTS_FILE, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    words = config.encode_config(bundle.method, bundle.settings, bundle.about, weights=digest)
    write_atomic(folder / config.CONFIG_FILE, words.encode(), overwrite=overwrite)
    return folder


def check_bundle_target(folder: str | Path, overwrite: bool = False) -> Path:
    """The cheap check before anything slow: the folder, when a bundle can be put there."""
    for name in (config.WEIGHTS_FILE, config.CARD_FILE, config.CONFIG_FILE):
        check_free(Path(folder) / name, overwrite)
    return Path(folder)


def pack_bundle(bundle: Bundle) -> bytes:
    """The bundle as one safetensors file, which loads by itself; equal bundles give equal bytes.

    Raises:
        PicturaError: weights are not finite.
    """
    for key, tensor in bundle.tensors.items():
        check_numbers(tensor, key, "", "the model was not saved")
    # Own memory for each: safetensors refuses tensors that share theirs, as tied weights do.
    tensors = {key: tensor.detach().cpu().clone().contiguous() for key, tensor in bundle.tensors.items()}
    return serialize(tensors, {config.METADATA_KEY: config.encode_config(bundle.method, bundle.settings, bundle.about)})


def _remove_file(path: Path) -> None:
    try:
        path.unlink()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise PicturaError(f"'{path}' cannot be replaced ({error.strerror}): check its permissions.") from error
