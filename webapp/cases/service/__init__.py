"""What one can do with a case: one function a verb, (actor, number, *, inputs, version) → the case."""
