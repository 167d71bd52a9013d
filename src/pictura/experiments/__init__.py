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
    "optimizers": "Adam, L-BFGS and SGD on one picture: loss by steps and by seconds",
}
# Those that train: they need a folder of pictures.
TRAINING = ()

__all__ = ["EXPERIMENTS", "TRAINING", "load_recipe", "run_experiment"]
__getattr__ = lazy_attributes(__name__, {"pictura.experiments.run": ("run_experiment", "load_recipe")})
