"""What a person wants done; each task asks methods for what they can do, never for their names."""
