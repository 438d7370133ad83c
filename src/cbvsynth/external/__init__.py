"""Registered versions on studies from elsewhere."""
