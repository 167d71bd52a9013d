"""Devices, threads, seeds, errors: what every other room stands on."""
