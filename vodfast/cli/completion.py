"""`vodfast completion`: the script that makes a shell complete vodfast's commands and options.

What is completed is the commands' own, asked through `run`; installing the script is the user's.
"""

from __future__ import annotations

import click

from vodfast.cli.catalogue import COMPLETE_VARIABLE, PROGRAM


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    For bash: eval "$(vodfast completion bash)"
    """
    from click.shell_completion import get_completion_class

    from vodfast.cli.run import top

    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"no completion for {shell}")
    written = script(top, {}, PROGRAM, COMPLETE_VARIABLE)
    print(written.source_template % written.source_vars())
