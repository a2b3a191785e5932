"""Steps of every run, and those that follow from what a scenario fixes and how stragglers are dealt with."""

from __future__ import annotations

from collections.abc import Mapping

from farflung.base.graph import Steps, identity, step, union
from farflung.learning import compression, scaling_law, sync_interval
from farflung.physics import compute, cost, links, memory, rating, schedule, stragglers
from farflung.protocols import Exchange, Protocol

HARDWARE: Steps = {
    "node_peak": step(rating.node_total, per_chip="chip_peak"),
    "node_memory": step(rating.node_total, per_chip="chip_memory"),
    "node_performance": step(rating.node_total, per_chip="chip_performance"),
    "node_h100_equivalents": step(rating.h100_equivalents, performance="node_performance"),
    "required_memory": step(memory.required_memory),
    "largest_parameters": step(memory.largest_parameters),
    "chips": step(cost.chip_count),
    "capital_cost": step(cost.capital_cost, server_cost_factor="host_cost_factor"),
}
"""What is true whether or not the model fits."""
EVERY_RUN: Steps = {
    "compute_time": step(compute.compute_time),
    "expert_parallel_time": step(compute.expert_parallel_time),
    "synchronisation_payload": step(links.synchronisation_payload),
    "tokens_per_round": step(schedule.tokens_per_round),
    "throughput_flop": step(compute.training_flop),
    "utilisation": step(compute.utilisation),
    "latency_share": step(links.latency_share),
    "mean_rate": step(links.mean_rate, payload="synchronisation_payload"),
    "averaged_replicas": step(identity, quantity="replicas"),
    "effective_inner_steps": step(sync_interval.effective_inner_steps),
    "chinchilla_of_loss": step(scaling_law.chinchilla_efficiency),
    "overtraining_ratio": step(scaling_law.overtraining_ratio),
    "efficiency_activation": step(compression.activation_efficiency),
    "local_equivalent_flop": step(scaling_law.local_equivalent_flop),
    "quality_adjusted_flop": step(scaling_law.quality_adjusted_flop),
    "power": step(cost.facility_power),
    "energy": step(cost.energy),
    "energy_cost": step(cost.energy_cost),
    "bandwidth_cost": step(cost.yearly_cost, count="nodes", price_per_year="link_price_per_year"),
    "staff": step(cost.staff_count),
    "staff_cost": step(cost.yearly_cost, count="staff", price_per_year="staff_cost_per_year"),
    "run_cost": step(cost.run_cost),
    "total_cost": step(cost.total_cost),
}
FIXED_DURATION: Steps = {
    "outer_rounds": step(schedule.rounds_in),
    "tokens": step(schedule.tokens_of),
}
FIXED_TOKENS: Steps = {
    "outer_rounds": step(schedule.rounds_for),
    "duration": step(schedule.repeated, count="outer_rounds", duration="outer_round_time"),
}

_ALL_CONTRIBUTE: Steps = {"contributing_replicas": step(identity, quantity="replicas")}
_PER_DOUBLING: Mapping[str, Steps] = {
    **{
        name: {"straggler_slope": step(identity, quantity=f"straggler_slope_{name}"), **_ALL_CONTRIBUTE}
        for name in ("synchronous", "relay", "threshold")
    },
    "backup": {
        "straggler_slope": step(stragglers.backup_slope),
        "contributing_replicas": step(stragglers.contributing_replicas),
    },
}
"""Strategies whose excess grows with every doubling of the participants."""


def straggler_steps(strategy: str, protocol: Protocol) -> Steps:
    """Return the straggler factor of every exchange of a protocol, and the slowest node's compute time."""
    if strategy == "order_statistics":
        return union(
            {
                "transfer_spread": step(stragglers.transfer_spread),
                "work_straggler_factor": step(
                    stragglers.order_statistics_factor, peers="working_nodes", spread="compute_spread"
                ),
                "slowest_compute_time": step(
                    stragglers.slowest_compute_time, typical_compute_time=protocol.paced_by
                ),
                **_ALL_CONTRIBUTE,
            },
            *(_slowest_link(exchange) for exchange in protocol.exchanges),
        )
    return union(
        _PER_DOUBLING[strategy],
        {"slowest_compute_time": step(identity, quantity=protocol.paced_by)},
        *(
            {f"{exchange.prefix}straggler_factor": step(stragglers.straggler_factor, peers=exchange.peers)}
            for exchange in protocol.exchanges
        ),
    )


def _slowest_link(exchange: Exchange) -> Steps:
    """Return the steps from the spread of transfer times to the straggler factor of an exchange."""
    slowest, prefix = stragglers.order_statistics_factor, exchange.prefix
    one_way = {f"{prefix}one_way_factor": step(slowest, peers=exchange.peers, spread="transfer_spread")}
    if exchange.kind == "crossing":
        crossing = step(stragglers.crossing_straggler_factor, one_way_factor=f"{prefix}one_way_factor")
        return {**one_way, f"{prefix}straggler_factor": crossing}
    ends = {"payload": "synchronisation_payload"}
    ends |= {name: f"{prefix}{name}" for name in ("upload_bandwidth", "download_bandwidth")}
    factors = {name: f"{prefix}{name}" for name in ("latency", "one_way_factor", "both_ways_factor")}
    return {
        **one_way,
        f"{prefix}exchange_spread": step(stragglers.exchange_spread, **ends),
        f"{prefix}both_ways_factor": step(slowest, peers=exchange.peers, spread=f"{prefix}exchange_spread"),
        f"{prefix}straggler_factor": step(stragglers.exchange_straggler_factor, **ends, **factors),
    }


def round_steps(protocol: Protocol) -> Steps:
    """Return the length of every round of a protocol."""
    return {
        one.duration: step(schedule.round_time, work_time=one.work, exchange_time=one.exchange)
        for one in protocol.rounds
    }
