"""Tests of `ringback lint`."""
