"""Requests to the world: asynchronous, bounded, and kept away from where they must not go."""
