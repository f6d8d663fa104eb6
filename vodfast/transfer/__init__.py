"""The engine: moves bytes to a store it knows only through `ports`. Knows no cloud."""
