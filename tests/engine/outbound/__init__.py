"""Requests to the world."""
