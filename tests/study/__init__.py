"""Tests of studies with people."""
