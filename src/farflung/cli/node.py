"""``farflung node``: what one node achieves with a model: best plan, step time, MFU and memory."""

from __future__ import annotations

from typing import Annotated

import typer

from farflung.analysis.node import node_plan
from farflung.cli.answer import answers


def _option(name: str, help_text: str, metavar: str) -> typer.models.OptionInfo:
    return typer.Option(name, metavar=metavar, help=help_text, show_default=False)  # type: ignore[no-any-return]


@answers(plot=True)
def node(
    hardware: Annotated[str, typer.Argument(help="Chips of the node, as '50x A100 80GB'.")],
    *,
    model: Annotated[
        str | None, _option("--model", "Parameters, or a model of the catalog.", "SIZE|NAME")
    ] = None,
    precision: Annotated[
        str | None, _option("--precision", "Number format: bf16 (default), fp8 or fp4.", "FORMAT")
    ] = None,
    interconnect: Annotated[
        str | None, _option("--interconnect", "A chip's share of the links between fast domains.", "RATE")
    ] = None,
    fast_domain: Annotated[
        int | None, _option("--fast-domain", "Chips joined by NVLink or its like.", "CHIPS")
    ] = None,
    sequence: Annotated[int | None, _option("--sequence", "Tokens of a sequence (4,096).", "TOKENS")] = None,
    batch: Annotated[str | None, _option("--batch", "Tokens of an inner step (131,072).", "TOKENS")] = None,
    architecture: Annotated[
        str | None, _option("--architecture", "Model of the catalog with the architecture.", "NAME")
    ] = None,
    attention_kernel: Annotated[
        str | None, _option("--attention-kernel", "Generation of the attention kernel.", "NAME")
    ] = None,
    outer_bytes: Annotated[
        float | None,
        _option("--outer-bytes", "Outer state on the device, for each parameter (0).", "BYTES"),
    ] = None,
) -> node_plan.NodePlan:
    """Find how one node trains a model fastest, out of all parallelism plans that fit its memory.

    Time and memory are computed from the chips, what joins them and the plan; nothing is profiled. What is
    not given is as in the chip's usual box. A model that does not fit is an answer: what would make it fit.

    [bold]farflung node '50x A100 80GB' --model 160e9[/bold]
    """
    return node_plan.node(
        hardware,
        model,
        precision=precision,
        interconnect=interconnect,
        fast_domain=fast_domain,
        sequence=sequence,
        batch=batch,
        architecture=architecture,
        attention_kernel=attention_kernel,
        outer_bytes=outer_bytes,
    )
