"""Which steps a run has: those of every run, of its protocol, of its choices, and of its beliefs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from farflung.learning import (
    allocation,
    batch_size,
    compression,
    distributed_loss,
    repeated_data,
    replicas,
    scaling_law,
    sync_interval,
)
from farflung.outcome.graph import Step, Steps, order, step
from farflung.outcome.protocols import PROTOCOLS
from farflung.outcome.protocols.protocol import one, the_same
from farflung.physics import compute, cost, links, memory, rating, schedule, stragglers
from farflung.scenario.assumptions import Forms

_EVERY_RUN: Steps = {
    "node_peak": step(rating.node_total, per_chip="chip_peak"),
    "node_memory": step(rating.node_total, per_chip="chip_memory"),
    "node_performance": step(rating.node_total, per_chip="chip_performance"),
    "node_h100_equivalents": step(rating.h100_equivalents, performance="node_performance"),
    "required_memory": step(memory.required_memory),
    "largest_parameters": step(memory.largest_parameters),
    "compute_time": step(compute.compute_time),
    "expert_parallel_time": step(compute.expert_parallel_time),
    "synchronisation_payload": step(links.synchronisation_payload),
    "tokens_per_round": step(schedule.tokens_per_round),
    "throughput_flop": step(compute.training_flop),
    "utilisation": step(compute.utilisation),
    "latency_share": step(links.latency_share),
    "mean_rate": step(links.mean_rate, payload="synchronisation_payload"),
    "averaged_replicas": step(the_same, quantity="replicas"),
    "effective_inner_steps": step(sync_interval.effective_inner_steps),
    "chinchilla_of_loss": step(scaling_law.chinchilla_efficiency),
    "overtraining_ratio": step(scaling_law.overtraining_ratio),
    "efficiency_activation": step(compression.activation_efficiency),
    "efficiency": step(scaling_law.combined_efficiency),
    "local_equivalent_flop": step(scaling_law.local_equivalent_flop),
    "quality_adjusted_flop": step(scaling_law.quality_adjusted_flop),
    "chips": step(cost.chip_count),
    "capital_cost": step(cost.capital_cost),
    "power": step(cost.facility_power),
    "energy": step(cost.energy),
    "energy_cost": step(cost.energy_cost),
    "bandwidth_cost": step(cost.yearly_cost, count="nodes", price_per_year="link_price_per_year"),
    "staff": step(cost.staff_count),
    "staff_cost": step(cost.yearly_cost, count="staff", price_per_year="staff_cost_per_year"),
    "run_cost": step(cost.run_cost),
    "total_cost": step(cost.total_cost),
}

_FIXED_DURATION: Steps = {
    "outer_rounds": step(schedule.rounds_in),
    "tokens": step(schedule.tokens_of),
}
_FIXED_TOKENS: Steps = {
    "outer_rounds": step(schedule.rounds_for),
    "duration": step(schedule.repeated, count="outer_rounds", duration="outer_round_time"),
}

_ALL_CONTRIBUTE: Steps = {"contributing_replicas": step(the_same, quantity="replicas")}
_STRAGGLERS: dict[str, Steps] = {
    "synchronous": {
        "straggler_slope": step(the_same, quantity="straggler_slope_synchronous"),
        **_ALL_CONTRIBUTE,
    },
    "relay": {"straggler_slope": step(the_same, quantity="straggler_slope_relay"), **_ALL_CONTRIBUTE},
    "threshold": {"straggler_slope": step(the_same, quantity="straggler_slope_threshold"), **_ALL_CONTRIBUTE},
    "backup": {
        "straggler_slope": step(stragglers.backup_slope),
        "contributing_replicas": step(stragglers.contributing_replicas),
    },
    "order_statistics": {
        "transfer_spread": step(stragglers.transfer_spread),
        "work_straggler_factor": step(
            stragglers.order_statistics_factor, peers="working_nodes", spread="compute_spread"
        ),
        **_ALL_CONTRIBUTE,
    },
}

_SYNC_INTERVAL: dict[str, Steps] = {
    "logarithmic": {
        "sync_interval_coefficient": step(sync_interval.sync_interval_coefficient),
        "efficiency_sync_interval": step(sync_interval.sync_interval_efficiency),
    },
    "joint": {"efficiency_sync_interval": step(one)},
}
_COMPRESSION: dict[str, Steps] = {
    "tabulated": {"efficiency_compression": step(compression.compression_efficiency)},
    "lossless": {"efficiency_compression": step(one)},
    "joint": {
        "wire_bits": step(distributed_loss.wire_bits),
        "value_bits": step(distributed_loss.sent_value_bits),
        "sent_share": step(distributed_loss.sent_share),
        "compression_penalty": step(distributed_loss.compression_penalty),
        "efficiency_compression": step(one),
    },
}
_REPEATED_DATA: dict[str, Steps] = {
    "ignored": {"loss": step(scaling_law.loss, parameters="active_parameters")},
    "decaying": {
        "epochs": step(repeated_data.epochs),
        "effective_tokens": step(repeated_data.effective_tokens),
        "loss": step(scaling_law.loss, parameters="active_parameters", tokens="effective_tokens"),
    },
}
_ALLOCATION: dict[str, Steps] = {
    "fixed_ratio": {
        "reference_parameters": step(scaling_law.reference_parameters),
        "reference_flop": step(scaling_law.reference_flop),
        "reference_tokens": step(scaling_law.reference_tokens),
        "equivalent_parameters": step(scaling_law.optimal_parameters, flop="quality_adjusted_flop"),
    },
    "optimal": {
        "reference_flop": step(allocation.flop_for_loss),
        "reference_tokens": step(allocation.tokens_for_parameters, parameters="active_parameters"),
        "equivalent_parameters": step(allocation.parameters_for_flop, flop="quality_adjusted_flop"),
    },
}
_DIVERGED_ALLOCATION: dict[str, Steps] = {
    "fixed_ratio": {
        "diverged_reference_parameters": step(scaling_law.reference_parameters, loss="diverged_loss"),
        "diverged_reference_flop": step(
            scaling_law.reference_flop, reference_parameters="diverged_reference_parameters"
        ),
    },
    "optimal": {"diverged_reference_flop": step(allocation.flop_for_loss, loss="diverged_loss")},
}
_OF_DIVERGED_LOSS: Steps = {
    "diverged_chinchilla_efficiency": step(
        scaling_law.chinchilla_efficiency, reference_flop="diverged_reference_flop"
    ),
    "efficiency_replica": step(replicas.replica_efficiency, chinchilla_efficiency="chinchilla_of_loss"),
}
_REPLICA_DIVERGENCE: dict[str, Steps] = {
    "power_law": {
        "divergence_exponent": step(replicas.divergence_exponent),
        "loss_multiplier": step(replicas.loss_multiplier, replicas="averaged_replicas"),
        "diverged_loss": step(scaling_law.multiplied_loss),
        **_OF_DIVERGED_LOSS,
    },
    # One law charges replicas, interval and compression together: the other two factors are 1 with it.
    "joint": {
        "divergence_penalty": step(
            distributed_loss.divergence_penalty, parameters="active_parameters", replicas="averaged_replicas"
        ),
        "diverged_loss": step(distributed_loss.distributed_loss),
        **_OF_DIVERGED_LOSS,
    },
    "none": {"efficiency_replica": step(one)},
}
_CRITICAL_BATCH: dict[str, Steps] = {
    "ignored": {"efficiency_batch": step(one)},
    "hyperbolic": {
        "critical_batch": step(batch_size.critical_batch),
        "efficiency_batch": step(batch_size.batch_efficiency),
    },
}
_SINGLE_NODE: dict[str, Steps] = {
    "unpenalised": {
        "chinchilla_efficiency": step(
            scaling_law.unpenalised_single_node, chinchilla_efficiency="chinchilla_of_loss"
        )
    },
    "as_others": {"chinchilla_efficiency": step(the_same, quantity="chinchilla_of_loss")},
}


def _blocking(steps: Steps) -> Steps:
    """Return the steps with every overlapped exchange waited for instead."""
    return {
        name: Step(schedule.blocking, one_step.asks) if one_step.function is schedule.overlapped else one_step
        for name, one_step in steps.items()
    }


def _by_order_statistics(steps: Steps) -> Steps:
    """Return the steps with the slowest link, and the slowest node, as far behind as order statistics say."""
    found = dict(steps)
    for kind in ("", "regional_", "pipeline_"):
        if f"{kind}straggler_factor" in steps:
            found |= _slowest_link(kind, steps[f"{kind}straggler_factor"].asks["peers"])
    pace = steps["step_time"]
    typical = next(name for name in pace.asks.values() if name.endswith("compute_time"))
    found["slowest_compute_time"] = step(stragglers.slowest_compute_time, typical_compute_time=typical)
    found["step_time"] = Step(pace.function, {**pace.asks, typical: "slowest_compute_time"})
    return found


def _slowest_link(kind: str, peers: str) -> Steps:
    """Return the steps to the straggler factor of a kind of link."""
    slowest, factor = stragglers.order_statistics_factor, f"{kind}straggler_factor"
    one_way = {f"{kind}one_way_factor": step(slowest, peers=peers, spread="transfer_spread")}
    if kind == "pipeline_":
        crossing = step(stragglers.crossing_straggler_factor, one_way_factor="pipeline_one_way_factor")
        return {**one_way, factor: crossing}
    ends = {"payload": "synchronisation_payload"}
    ends |= {name: f"{kind}{name}" for name in ("upload_bandwidth", "download_bandwidth")}
    factors = {name: f"{kind}{name}" for name in ("latency", "one_way_factor", "both_ways_factor")}
    return {
        **one_way,
        f"{kind}exchange_spread": step(stragglers.exchange_spread, **ends),
        f"{kind}both_ways_factor": step(slowest, peers=peers, spread=f"{kind}exchange_spread"),
        factor: step(stragglers.exchange_straggler_factor, **ends, **factors),
    }


@lru_cache(maxsize=256)
def steps_of(
    *,
    mode: str,
    streaming: bool,
    stragglers: str,
    fixed_tokens: bool,
    forms: Forms,
    limited_data: bool = False,
) -> Steps:
    """Return the steps of a run."""
    protocol = PROTOCOLS[mode].steps
    if stragglers == "order_statistics":
        protocol = _by_order_statistics(protocol)
    diverges = forms.replica_divergence != "none"
    return {
        **_EVERY_RUN,
        **(protocol if streaming else _blocking(protocol)),
        **(_FIXED_TOKENS if fixed_tokens else _FIXED_DURATION),
        **_STRAGGLERS[stragglers],
        **_SYNC_INTERVAL[forms.sync_interval],
        **_COMPRESSION[forms.compression],
        **_REPEATED_DATA[forms.repeated_data if limited_data else "ignored"],
        **_ALLOCATION[forms.allocation],
        **(_DIVERGED_ALLOCATION[forms.allocation] if diverges else {}),
        **_REPLICA_DIVERGENCE[forms.replica_divergence],
        **_CRITICAL_BATCH[forms.critical_batch],
        **_SINGLE_NODE[forms.single_node],
    }


@lru_cache(maxsize=512)
def plan(
    given: frozenset[str], wanted: frozenset[str] | None = None, **choices: Any
) -> tuple[tuple[str, Step], ...]:
    """Return the steps of a run in the order they can be answered from what is given.

    Parameters
    ----------
    given
        Quantities that are given.
    wanted
        Quantities asked for, all if left out; those that the run does not have are passed over.
    **choices
        As for :func:`steps_of`, but for ``limited_data``.
    """
    steps = steps_of(**choices, limited_data="unique_tokens" in given)
    if wanted is None:
        return order(steps, given)
    return order(steps, given, sorted(name for name in wanted if name in steps))
