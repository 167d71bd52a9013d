"""Ours: faces that age or smile, or get any attribute that is labelled, by one small network on one processor core.

G takes a picture x and a class c, and makes G(x, c) of it: x, slightly warped, plus a residual (`networks.editor`).
Four ideas carry its training:

- The critic D is small heads on the frozen features φ of the compact encoder (Sauer et al. 2021, arXiv 2111.01007). It
  knows where in the aligned face it looks, judges a picture as one of its class, and tells classes apart; G's pictures
  it has to class as what they were made of, so that no mark that nobody sees stands for an age.
- D learns alone at first. Before it knows the classes nothing that it asks for is worth learning.
- The adversarial term's gradient at G(x, c) is held at the size of that of a mean absolute difference, as in
  `one_sided`, and so is the content term, 1 - correlation of φ(G(x, c)) and φ(x), at a target.
- Pictures that are to become what they are already have (G(x, c) - x)² instead: one's own class changes nothing.

`settings` holds what can be set, `objective` the losses, `method` the trained method as the loop and the tasks see it.
"""

from pictura.methods.editor.method import EditorMethod
from pictura.methods.editor.settings import EditorSettings

__all__ = ["EditorMethod", "EditorSettings"]
