"""Use cases: plain functions `f(session, …, *, now)` that gather facts, let the rules decide, and act on it."""
