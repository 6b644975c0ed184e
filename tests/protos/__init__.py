"""Tests of the contract in protos/."""
