"""Changes to a case, one function per verb: (actor, number, *, inputs, version) → the case."""
