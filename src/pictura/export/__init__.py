"""Trained methods given away and taken back: ONNX files, and the pair of functions people know from the hub."""
