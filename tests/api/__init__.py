"""Tests of the functions behind the RPCs."""
