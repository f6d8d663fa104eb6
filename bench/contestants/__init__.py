"""One module per contestant; each is run as `python -m bench.contestants.NAME` in a fresh process."""
