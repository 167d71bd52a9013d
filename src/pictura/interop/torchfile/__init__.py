"""Checkpoints of torch, read without running anything in them."""
