"""The terms of the papers' losses, each a function of features or of their moments."""
