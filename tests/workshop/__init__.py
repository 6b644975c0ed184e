"""Tests of the workshop: the gates that guard the rest."""
