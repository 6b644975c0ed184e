"""How Sphinx makes the documentation site: `make docs`."""

project = "Ringback"
author = "the Ringback maintainers"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "Ringback"
myst_heading_anchors = 3
exclude_patterns = ["_build"]
