"""Faces in pictures: found, cut out as a network was trained to see them, and put back.

Finding is `find_faces`, aligning `Similarity` and `cut_square`, putting back `add_change`. The weights are in
``assets/faces``, with the licence of their author.
"""

from pictura.faces.aligning import Point, Similarity, cut_square
from pictura.faces.blending import add_change
from pictura.faces.finding import Face, find_faces

__all__ = ["Face", "Point", "Similarity", "add_change", "cut_square", "find_faces"]
