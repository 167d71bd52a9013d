"""The terms of the papers' losses, each a function of responses or of their moments."""
