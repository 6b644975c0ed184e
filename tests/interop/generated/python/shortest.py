"""Runs a workflow, and prints what came of it."""

from ringback_client import Client

with Client() as ringback:
    print(ringback.run("hello", {"name": "Ada"}))
