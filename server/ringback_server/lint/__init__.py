"""`ringback lint`: what there is to say of definitions, without a server."""
