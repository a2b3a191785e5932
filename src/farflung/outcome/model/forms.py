"""Steps that follow from the functional forms of an assumption set."""

from __future__ import annotations

from collections.abc import Mapping

from farflung.base.graph import Steps, exactly_one, identity, step, union
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
from farflung.scenario.forms import Factors, Forms, JointLaw

_SYNC_INTERVAL: Mapping[str, Steps] = {
    "logarithmic": {
        "sync_interval_coefficient": step(sync_interval.sync_interval_coefficient),
        "efficiency_sync_interval": step(sync_interval.sync_interval_efficiency),
    },
    "none": {"efficiency_sync_interval": step(exactly_one)},
}
_COMPRESSION: Mapping[str, Steps] = {
    "tabulated": {"efficiency_compression": step(compression.compression_efficiency)},
    "lossless": {"efficiency_compression": step(exactly_one)},
}
_REPLICA_DIVERGENCE: Mapping[str, Steps] = {
    "power_law": {
        "divergence_exponent": step(replicas.divergence_exponent),
        "loss_multiplier": step(replicas.loss_multiplier, replicas="averaged_replicas"),
        "distributed_loss": step(scaling_law.multiplied_loss),
        "divergence_penalty": step(distributed_loss.added_loss),
        "efficiency_replica": step(
            replicas.remaining_share,
            chinchilla_efficiency="distributed_chinchilla_efficiency",
            chinchilla_efficiency_before="chinchilla_of_loss",
        ),
    },
    "none": {"efficiency_replica": step(exactly_one), "distributed_loss": step(identity, quantity="loss")},
}
_JOINT_LAW: Steps = {
    # The law charges replicas and interval in one penalty: none of it is the interval's alone.
    "efficiency_sync_interval": step(exactly_one),
    "wire_bits": step(distributed_loss.wire_bits),
    "value_bits": step(distributed_loss.sent_value_bits),
    "sent_share": step(distributed_loss.sent_share),
    "compression_penalty": step(distributed_loss.compression_penalty),
    "divergence_penalty": step(
        distributed_loss.divergence_penalty, parameters="active_parameters", replicas="averaged_replicas"
    ),
    "compressed_loss": step(distributed_loss.compressed_loss),
    "distributed_loss": step(distributed_loss.distributed_loss),
    "efficiency_distribution": step(
        replicas.remaining_share,
        chinchilla_efficiency="distributed_chinchilla_efficiency",
        chinchilla_efficiency_before="chinchilla_of_loss",
    ),
    "efficiency_compression": step(
        replicas.remaining_share,
        chinchilla_efficiency="compressed_chinchilla_efficiency",
        chinchilla_efficiency_before="chinchilla_of_loss",
    ),
    "efficiency_replica": step(
        replicas.remaining_share,
        chinchilla_efficiency="distributed_chinchilla_efficiency",
        chinchilla_efficiency_before="compressed_chinchilla_efficiency",
    ),
    "efficiency": step(scaling_law.efficiency_under_joint_law),
}
_REPEATED_DATA: Mapping[str, Steps] = {
    "ignored": {"loss": step(scaling_law.loss, parameters="active_parameters")},
    "decaying": {
        "epochs": step(repeated_data.epochs),
        "effective_tokens": step(repeated_data.effective_tokens),
        "loss": step(scaling_law.loss, parameters="active_parameters", tokens="effective_tokens"),
    },
}
_ALLOCATION: Mapping[str, Steps] = {
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
_CRITICAL_BATCH: Mapping[str, Steps] = {
    "ignored": {"efficiency_batch": step(exactly_one)},
    "hyperbolic": {
        "critical_batch": step(batch_size.critical_batch),
        "efficiency_batch": step(batch_size.batch_efficiency),
    },
}
_SINGLE_NODE: Mapping[str, Steps] = {
    "unpenalised": {
        "chinchilla_efficiency": step(
            scaling_law.unpenalised_single_node, chinchilla_efficiency="chinchilla_of_loss"
        )
    },
    "as_others": {"chinchilla_efficiency": step(identity, quantity="chinchilla_of_loss")},
}


def form_steps(forms: Forms, *, limited_data: bool) -> Steps:
    """Return the steps from what a run did to what it is worth."""
    return union(
        _distribution(forms.distribution, forms.allocation),
        _REPEATED_DATA[forms.repeated_data if limited_data else "ignored"],
        _ALLOCATION[forms.allocation],
        _CRITICAL_BATCH[forms.critical_batch],
        _SINGLE_NODE[forms.single_node],
    )


def _distribution(distribution: Factors | JointLaw, allocation_form: str) -> Steps:
    """Return the steps that charge for distribution: by separate factors, or by one law of the loss."""
    if isinstance(distribution, JointLaw):
        return union(
            _JOINT_LAW,
            _chinchilla_of("distributed", allocation_form),
            _chinchilla_of("compressed", allocation_form),
        )
    diverges = distribution.replica_divergence != "none"
    return union(
        {"efficiency": step(scaling_law.combined_efficiency)},
        _SYNC_INTERVAL[distribution.sync_interval],
        _COMPRESSION[distribution.compression],
        _REPLICA_DIVERGENCE[distribution.replica_divergence],
        _chinchilla_of("distributed", allocation_form) if diverges else {},
    )


def _chinchilla_of(which: str, allocation_form: str) -> Steps:
    """Return the steps to the Chinchilla efficiency of a run that ends at another loss."""
    flop, loss = f"{which}_reference_flop", f"{which}_loss"
    efficiency = step(scaling_law.chinchilla_efficiency, reference_flop=flop)
    if allocation_form == "optimal":
        return {
            flop: step(allocation.flop_for_loss, loss=loss),
            f"{which}_chinchilla_efficiency": efficiency,
        }
    parameters = f"{which}_reference_parameters"
    return {
        parameters: step(scaling_law.reference_parameters, loss=loss),
        flop: step(scaling_law.reference_flop, reference_parameters=parameters),
        f"{which}_chinchilla_efficiency": efficiency,
    }
