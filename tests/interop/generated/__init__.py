"""Clients generated from protos/ in each language, and services that call workflows back."""
