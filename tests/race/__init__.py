"""Callback, await, timeout, cancel, delete and restart in every order."""
