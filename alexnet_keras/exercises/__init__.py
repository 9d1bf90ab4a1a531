"""Exercises of the course: one module a chapter, each with `q1`, `q2`, ..."""
