"""Programs that run a peer as its users would; each is run by a Python that has its library."""
