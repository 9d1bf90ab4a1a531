"""Wrong answers to the exercises, a module a chapter."""
