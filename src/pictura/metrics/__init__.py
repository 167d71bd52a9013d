"""How good a result is: pure functions from tensors to numbers, one protocol per file."""
