"""The application: which commands there are. Each is one short file beside this one."""

from __future__ import annotations

from typing import Annotated

import typer

from farflung.cli.calibrate import calibrate
from farflung.cli.catalog import catalog
from farflung.cli.compare import compare
from farflung.cli.duration import duration
from farflung.cli.evidence import evidence
from farflung.cli.explain import explain
from farflung.cli.headlines import headlines
from farflung.cli.init import init
from farflung.cli.inverse import inverse
from farflung.cli.nomenclature import nomenclature
from farflung.cli.presets import presets
from farflung.cli.reproduce import contradictions, reproduce
from farflung.cli.run import run
from farflung.cli.schema import schema
from farflung.cli.search import search
from farflung.cli.sensitivity import sensitivity
from farflung.cli.simulate import simulate
from farflung.cli.sweep import sweep
from farflung.cli.uncertainty import uncertainty
from farflung.cli.validate import validate
from farflung.cli.waterfall import waterfall

app = typer.Typer(
    name="farflung",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from farflung.base.provenance import version

        typer.echo(f"farflung {version()}")
        raise typer.Exit


@app.callback()
def farflung(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Tell what training over the internet makes possible, at what cost, and which rule changes it.

    Start with [bold]farflung run paper-headline[/bold]; [bold]farflung presets[/bold] lists the other
    published scenarios, and [bold]farflung init my.toml[/bold] writes one of your own to edit.
    """


_ASK, _EXPLORE = "Ask", "Explore"
_LOOK_UP, _CHECK = "Look up", "Check against what is published"

app.command(rich_help_panel=_ASK)(run)
app.command(rich_help_panel=_ASK)(explain)
app.command(rich_help_panel=_ASK)(compare)
app.command(rich_help_panel=_ASK)(duration)
app.command(rich_help_panel=_ASK)(init)
app.command(rich_help_panel=_ASK)(headlines)
app.command(rich_help_panel=_EXPLORE)(simulate)
app.command(rich_help_panel=_EXPLORE)(sweep)
app.command(rich_help_panel=_EXPLORE)(uncertainty)
app.command(rich_help_panel=_EXPLORE)(sensitivity)
app.command(rich_help_panel=_EXPLORE)(waterfall)
app.command(rich_help_panel=_EXPLORE)(search)
app.add_typer(inverse, name="inverse", rich_help_panel=_EXPLORE)
app.command(rich_help_panel=_LOOK_UP)(presets)
app.add_typer(catalog, name="catalog", rich_help_panel=_LOOK_UP)
app.command(rich_help_panel=_LOOK_UP)(schema)
app.command(rich_help_panel=_LOOK_UP)(nomenclature)
app.command(rich_help_panel=_CHECK)(reproduce)
app.command(rich_help_panel=_CHECK)(contradictions)
app.command(rich_help_panel=_CHECK)(validate)
app.command(rich_help_panel=_CHECK)(evidence)
app.add_typer(calibrate, name="calibrate", rich_help_panel=_CHECK)
