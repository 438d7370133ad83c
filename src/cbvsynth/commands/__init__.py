"""The subcommands of `cbvsynth`: one module each, light to import."""
