"""Serving: from the registry to a gRPC server, and from a person's NIfTI files to a CBV map."""
