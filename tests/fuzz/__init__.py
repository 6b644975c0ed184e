"""Fuzzing by coverage, with atheris: `make fuzz`. It is no part of the tests."""
