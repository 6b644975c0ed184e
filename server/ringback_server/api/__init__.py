"""One function per RPC, message in, message out, and the table of services. Knows no transport."""
