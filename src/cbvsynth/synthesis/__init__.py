"""Trained models at work on cached examinations, for reports, reader studies and simulations."""
