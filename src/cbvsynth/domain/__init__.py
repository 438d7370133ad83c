"""The field's own concepts as pure functions: sequences, volumes, metrics, statistics, the gate."""
