"""The studio, tested."""
