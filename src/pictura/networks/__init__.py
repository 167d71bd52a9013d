"""Architectures as printed in the papers.

A network whose feature maps are read has `chain()`: its layers in order, each with its name. Nothing is imported
here, so that naming the package costs nothing.
"""
