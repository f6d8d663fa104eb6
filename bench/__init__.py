"""Benchmarks: `pytest bench --benchmark-only` for single functions, `python -m bench` for contests."""
