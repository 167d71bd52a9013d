"""Files of other projects: ONNX, and weights that others published."""
