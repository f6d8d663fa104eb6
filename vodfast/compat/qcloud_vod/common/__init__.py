"""Path and text questions under the names that scripts borrow from the SDK."""

from __future__ import annotations

import os


class StringUtil:
    """Whether a value was given."""

    @staticmethod
    def is_empty(target: object) -> bool:
        """Whether it is None or empty text."""
        return target is None or target == ""

    @staticmethod
    def is_not_empty(target: object) -> bool:
        return not StringUtil.is_empty(target)


class FileUtil:
    """What a path says of its file."""

    @staticmethod
    def is_file_exist(target: str) -> bool:
        """Whether a file is there; a folder is none."""
        return os.path.isfile(target)

    @staticmethod
    def get_file_type(target: str) -> str:
        """The last extension without its dot, in the case it has; empty if there is none."""
        return os.path.splitext(target)[1][1:]

    @staticmethod
    def get_file_name(target: str) -> str:
        """The file's name without its last extension."""
        return os.path.splitext(os.path.basename(target))[0]

    @staticmethod
    def join_path(base_path: str, *path_list: str) -> str:
        """The pieces with one slash between them, except that a piece may bring its own (either way round)."""
        pieces = [piece if piece.startswith(("/", "\\")) else f"/{piece}" for piece in path_list]
        return "".join((base_path[:-1] if base_path.endswith(("/", "\\")) else base_path, *pieces))
