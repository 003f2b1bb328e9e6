"""The command line: reads arguments, calls a job, prints what it returns."""

from importlib.metadata import version

import typer

app = typer.Typer(name="remission", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def show_version(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        typer.echo(f"remission {version('remission')}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=show_version, is_eager=True, help="Show the version."),
) -> None:
    """Virtual trials of cancer therapy. Research use only."""


def main() -> None:
    """Run the command line."""
    app()
