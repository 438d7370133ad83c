"""From cached examinations to an exported, scored SavedModel (TensorFlow)."""
