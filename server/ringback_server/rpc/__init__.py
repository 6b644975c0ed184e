"""The gRPC edge: serves the table of services under both of their names."""
