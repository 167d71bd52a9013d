"""How good models of the digits are: python recipes/digits/measure.py FOLDER MODEL [MODEL …].

FOLDER is what make.py wrote. A small fully connected classifier of scikit-learn learns the training digits, and its
accuracy on the held-out ones is printed first. Then of each model, as far as it can:

    accuracy   samples of a label that the classifier takes for it, 100 a label
    distance   kernel distance of 1,000 samples to the held-out digits, in the classifier's last hidden features, each
               divided by its standard deviation; beside it that of two sets of real digits, training and held-out
    error      root mean square of reconstructed held-out digits, in units of the range, and their accuracy
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

import pictura
from pictura import Picture
from pictura.metrics.kernel import kernel_distance

SAMPLES = 1000
PER_LABEL = 100
HIDDEN = (256, 64)  # units of the classifier


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    asked = parser.parse_args()
    x, y = read_digits(asked.folder / "train")
    held, held_labels = read_digits(asked.folder / "test")
    classifier = MLPClassifier(HIDDEN, random_state=0, max_iter=60).fit(x, y)
    print(f"classifier: {classifier.score(held, held_labels):.4f} of {len(held)} held-out digits right")
    distance = Distance(classifier, held)
    print(f"training digits: distance {distance(x):.4f}")
    for name in asked.models:
        measure(pictura.load(name), classifier, held, held_labels, distance)


class Distance:
    """Of pictures to the held-out ones."""

    def __init__(self, classifier: MLPClassifier, held: NDArray) -> None:
        self.classifier = classifier
        found = features(classifier, held)
        self.scale = found.std(0).clamp(min=1e-6)
        self.real = found / self.scale

    def __call__(self, x: NDArray) -> float:
        return kernel_distance(features(self.classifier, x) / self.scale, self.real)


def measure(
    model: pictura.Model, classifier: MLPClassifier, held: NDArray, labels: NDArray, distance: Distance
) -> None:
    samples = flat(model.sample(SAMPLES, seed=1))
    print(f"{model.name}: distance {distance(samples):.4f}")
    if model.labels:
        right = [classifier.predict(flat(model.sample(PER_LABEL, label=one, seed=2))) == one for one in model.labels]
        each = "  ".join(f"{label} {found.mean():.2f}" for label, found in zip(model.labels, right, strict=True))
        print(f"{model.name}: accuracy {np.mean(right):.4f}  ({each})")
    if "encode" in model.can:
        side = round(held.shape[1] ** 0.5)
        pictures = [Picture.of(one.reshape(side, side)) for one in held]
        back = flat([model.decode(model.encode(picture))[0] for picture in pictures])
        error, accuracy = np.sqrt(np.square(back - held).mean()), classifier.score(back, labels)
        print(f"{model.name}: error {error:.4f}, accuracy of reconstructions {accuracy:.4f}")


def read_digits(folder: Path) -> tuple[NDArray, NDArray]:
    """Pictures N×(side²) in [0, 1], and their labels as texts."""
    paths = sorted(folder.glob("*/*.png"))
    return flat([pictura.read(path) for path in paths]), np.array([path.parent.name for path in paths])


def flat(pictures: list[Picture]) -> NDArray:
    """Grey values, a row a picture."""
    return np.stack([picture.pixels.mean(-1).ravel() for picture in pictures])


def features(classifier: MLPClassifier, x: NDArray) -> torch.Tensor:
    """What the last hidden layer gives, N×64."""
    for weights, bias in zip(classifier.coefs_[:-1], classifier.intercepts_[:-1], strict=True):
        x = np.maximum(x @ weights + bias, 0)
    return torch.from_numpy(x)


if __name__ == "__main__":
    main()
