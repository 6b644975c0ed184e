"""Programs in five languages against real servers: `make interop`."""
