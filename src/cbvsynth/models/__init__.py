"""The two networks of the paper: generator and discriminator (TensorFlow)."""
