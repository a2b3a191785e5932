"""Assembly: whatever the types admit is a whole model, and no two parts of it answer one quantity."""

from itertools import product
from typing import get_args

import pytest

from farflung.catalog.tables import loadable_names
from farflung.outcome import OUTPUTS
from farflung.outcome.model import Choices, assemble
from farflung.outcome.model.assemble import planned
from farflung.protocols import PROTOCOLS
from farflung.scenario import inputs_of, load_assumptions, modes, preset
from farflung.scenario.forms import Factors, Forms, JointLaw
from farflung.scenario.scenario import Stragglers


def words(model, name):
    return get_args(model.model_fields[name].annotation)


FACTORS = [name for name in Factors.model_fields if name != "kind"]
DISTRIBUTIONS = [
    JointLaw(),
    *(
        Factors(**dict(zip(FACTORS, chosen, strict=True)))
        for chosen in product(*(words(Factors, name) for name in FACTORS))
    ),
]
OTHERS = [name for name in Forms.model_fields if name != "distribution"]
FORMS = [
    Forms(distribution=distribution, **dict(zip(OTHERS, chosen, strict=True)))
    for distribution in DISTRIBUTIONS
    for chosen in product(*(words(Forms, name) for name in OTHERS))
]
EVERY = [
    Choices(mode, stragglers, fixed_tokens, limited_data, forms)
    for mode in PROTOCOLS
    for stragglers in get_args(Stragglers)
    for fixed_tokens in (False, True)
    for limited_data in (False, True)
    for forms in FORMS
]


@pytest.mark.parametrize("mode", PROTOCOLS)
def test_every_combination_assembles_and_answers_every_output(mode):
    run = {"protocol.mode": mode, "protocol.pipeline_stages": 1, "unique_tokens": 1e12}
    inputs = {
        *(name for assumptions in loadable_names()
          for name in inputs_of(preset("paper-headline").with_(run | {"assumptions": assumptions})).values),
        *("regional_latency", "pipeline_latency", "compression_table", "activation_table"),
    } - {"duration", "inner_steps", "pipeline_stages"}  # fmt: skip
    combinations = [choices for choices in EVERY if choices.mode == mode]
    assert len(combinations) > 1000
    for choices in combinations:
        given = inputs | ({"tokens"} if choices.fixed_tokens else {"duration"})
        assert planned.__wrapped__(choices, frozenset(given)).steps, choices


def test_how_distribution_is_charged_is_one_choice():
    for wrong in (
        {"kind": "joint", "replica_divergence": "power_law"},
        {"kind": "factors", "sync_interval": "logarithmic"},
        {"kind": "neither"},
    ):
        with pytest.raises(ValueError, match="distribution"):
            Forms(distribution=wrong, single_node="as_others")


@pytest.mark.parametrize("assumptions", loadable_names())
def test_every_output_is_answered_by_some_protocol(assumptions):
    forms = load_assumptions(assumptions).forms
    given = {"nodes", "duration", "tokens", "run_to_run_noise"}
    joint = {"compression_penalty", "divergence_penalty"}
    for fixed_tokens in (False, True):
        answered = {
            name
            for mode in PROTOCOLS
            for name in assemble(Choices(mode, "relay", fixed_tokens, False, forms))
        }
        missing = {output.quantity for output in OUTPUTS.values()} - answered - given
        assert missing <= (set() if isinstance(forms.distribution, JointLaw) else joint)


def test_every_mode_has_a_protocol_that_answers_what_protocols_answer():
    assert set(PROTOCOLS) == set(modes()) - {"auto"}
    promised = {
        *("replicas", "working_nodes", "pipeline_stages", "step_time", "peers"),
        *("synchronisation_time", "inner_steps", "regional_steps"),
    }
    for name, protocol in PROTOCOLS.items():
        assert protocol.name == name
        assert protocol.summary
        assert promised <= set(protocol.steps)
        assert protocol.rounds[-1].duration == "outer_round_time"
        assert "cycle_time" in {*protocol.steps, *(one.duration for one in protocol.rounds)}
