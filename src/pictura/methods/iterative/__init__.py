"""Optimization of the pixels: Gatys, Ecker and Bethge 2015 and 2016."""
