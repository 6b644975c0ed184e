"""How Sphinx makes the documentation site: `make docs`."""

project = "Ringback"
author = "the Ringback maintainers"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "Ringback"
myst_heading_anchors = 3
exclude_patterns = ["_build"]
# A reference that leads nowhere is a warning, and a warning ends the build.
nitpicky = True
html_show_copyright = False
html_copy_source = False
