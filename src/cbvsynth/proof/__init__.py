"""What proves that serving is right: the demonstration, and served maps beside scored ones."""
