"""Prognosis: Cox models with and without CBV, and what they add; the only room that knows statsmodels."""
