"""Images of any size through a network, within a stated memory."""
