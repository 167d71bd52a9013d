"""The papers' tables and figures as recipes, each of which ends in a report; docs/experiments.md shows them.

A recipe is a module with two functions: `plan` gives the pieces of work, whose results are kept one by one, and
`report` makes of them one page and its numbers.
"""

from typing import TYPE_CHECKING

from pictura.runtime.lazy import lazy_attributes

if TYPE_CHECKING:
    from pictura.experiments.run import load_recipe, run_experiment

# Name → what it shows, in the order of the list that `pictura experiment` prints. The module has the name, with _.
EXPERIMENTS = {
    "optimizers": "Adam, L-BFGS and SGD on one picture: loss by evaluations and by seconds",
    "encoders": "VGG, ResNet, DenseNet and others, trained and random: whose features make a style",
    "weights": "α/β, the weight of content against style",
    "layers": "the layers that style and content are read from",
    "reconstruct": "photograph and painting from each layer: the classic figure",
    "initialisation": "the photograph, the painting, grey or noise as the first image",
    "pooling": "max against average pooling in the encoder",
    "speed": "optimisation against one pass of a network, over sizes",
    "superres": "bicubic and networks beside the published PSNR and SSIM (--data FOLDER: Set5, Set14)",
    "objectives": "pix2pix with L1, GAN, cGAN and their sums",
    "patches": "pix2pix with critics that see one pixel to the whole picture",
    "generators": "pix2pix with an encoder-decoder, a U-Net and a ResNet",
    "unpaired": "CycleGAN, DualGAN, DiscoGAN, CoGAN, BiGAN, pixel and feature loss + GAN; pix2pix as upper bound",
    "ageing": "CAAE and what each of its critics does, on faces with ages",
    "gatys-cyclegan": "Gatys et al. with one painting and with a collection, against translators that learned it",
}
BUDGETS = ("small", "paper")  # minutes on two cores; the papers' own settings
# Those that train: they need a folder of pictures.
TRAINING = ("objectives", "patches", "generators", "unpaired", "ageing", "gatys-cyclegan")

__all__ = ["BUDGETS", "EXPERIMENTS", "TRAINING", "load_recipe", "run_experiment"]
__getattr__ = lazy_attributes(__name__, {"pictura.experiments.run": ("run_experiment", "load_recipe")})
