"""How good models of the digits are: python recipes/digits/measure.py FOLDER MODEL [MODEL …].

FOLDER is what make.py wrote. Two classifiers of scikit-learn learn the training digits: a support vector machine, which
judges, and a small network, whose last hidden features are what distances are measured in. All real digits are moved by
a pixel at random, as in training. Printed are the judge's accuracy on the held-out digits, then of each model what it
can:

    accuracy   samples of a label that the judge takes for it, 100 a label
    distance   kernel distance of 1,000 samples to the held-out digits, of features divided by their root mean square;
               beside it that of the training digits, which are as real
    error      root mean square of reconstructed held-out digits, in units of the range, and their accuracy
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

import pictura
from pictura import Picture
from pictura.data import DataSettings, open_data
from pictura.metrics.kernel import kernel_distance

SIDE = 32  # of the digits
SHIFTED = DataSettings(mirror=False, load=34)  # as in the recipes
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
    judge = SVC(C=10).fit(x, y)
    print(f"judge: {judge.score(held, held_labels):.4f} of {len(held)} held-out digits right")
    distance = Distance(MLPClassifier(HIDDEN, random_state=0, max_iter=60).fit(x, y), held)
    print(f"training digits: distance {distance(x):.4f}")
    for name in asked.models:
        measure(pictura.load(name), judge, held, held_labels, distance)


class Distance:
    """Of pictures to the held-out ones."""

    def __init__(self, classifier: MLPClassifier, held: NDArray) -> None:
        self.classifier = classifier
        found = features(classifier, held)
        self.scale = found.square().mean().sqrt()
        self.real = found / self.scale

    def __call__(self, x: NDArray) -> float:
        return kernel_distance(features(self.classifier, x) / self.scale, self.real)


def measure(model: pictura.Model, judge: SVC, held: NDArray, labels: NDArray, distance: Distance) -> None:
    samples = flat(model.sample(SAMPLES, seed=1))
    print(f"{model.name}: distance {distance(samples):.4f}")
    if model.labels:
        right = [judge.predict(flat(model.sample(PER_LABEL, label=one, seed=2))) == one for one in model.labels]
        each = "  ".join(f"{label} {found.mean():.2f}" for label, found in zip(model.labels, right, strict=True))
        print(f"{model.name}: accuracy {np.mean(right):.4f}  ({each})")
    if "encode" in model.can:
        side = round(held.shape[1] ** 0.5)
        pictures = [Picture.of(one.reshape(side, side)) for one in held]
        back = flat([model.decode(model.encode(picture))[0] for picture in pictures])
        error, accuracy = np.sqrt(np.square(back - held).mean()), judge.score(back, labels)
        print(f"{model.name}: error {error:.4f}, accuracy of reconstructions {accuracy:.4f}")


def read_digits(folder: Path) -> tuple[NDArray, NDArray]:
    """Pictures N×(side²) in [0, 1], and their labels as texts."""
    source = open_data(folder.parent, "labelled", SIDE, split=folder.name, settings=SHIFTED)
    draws = torch.Generator().manual_seed(0)
    samples = [source.sample(i, draws) for i in range(len(source))]
    pictures = torch.stack([sample["image"].mean(0).flatten() for sample in samples])
    return pictures.numpy(), np.array([str(int(sample["label"])) for sample in samples])


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
