"""What follows the registry: the folder that a prediction server reads."""
