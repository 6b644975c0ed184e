"""Tests of how benchmarks judge and report; what they measure is not tested."""
