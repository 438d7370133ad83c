"""What clients talk to: gRPC and REST, each on a port of its own, with one backend behind both."""
