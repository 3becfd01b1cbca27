"""Each of our causes under the name that the cachelab's vocabulary of kinds has for it."""

from __future__ import annotations

VOCABULARY = frozenset(
    {
        "backend_errors", "backend_slowdown", "capacity_leak", "capacity_shrink",
        "clock_skew_expiry", "cold_restart", "collector_outage", "collector_partial_loss",
        "connection_churn", "double_write", "hot_key_burst", "hot_shard", "invalidation_storm",
        "key_schema_change", "memory_fragmentation", "negative_lookup_storm",
        "new_impl_regression", "node_loss", "quota_throttling", "replica_lag", "retry_storm",
        "scan_pollution", "set_failures", "shard_remap", "slow_hit_path", "slow_warmup",
        "sync_ttl_expiry", "tail_latency", "traffic_drop", "traffic_surge", "ttl_too_short",
        "value_bloat",
    }
)  # fmt: skip
"""The kinds that an incident of the lab may have, a neutral surge of traffic with them."""

KINDS = {
    "backend_errors": "backend_errors",
    "backend_slow": "backend_slowdown",
    "cache_down": "cold_restart",
    "cache_slow": "slow_hit_path",
    "clock_skew_expiry": "clock_skew_expiry",
    "cold_start": "cold_restart",
    "collector_loss": "collector_partial_loss",
    "collector_silence": "collector_outage",
    "connection_churn": "connection_churn",
    "double_write": "double_write",
    "hot_key": "hot_key_burst",
    "hot_shard": "hot_shard",
    "implementation_regression": "new_impl_regression",
    "invalidation_storm": "invalidation_storm",
    "key_format_change": "key_schema_change",
    "memory_fragmentation": "memory_fragmentation",
    "memory_pressure": "capacity_shrink",
    "metastable_failure": "retry_storm",
    "node_loss": "node_loss",
    "penetration": "negative_lookup_storm",
    "quota_throttling": "quota_throttling",
    "replica_lag": "replica_lag",
    "retry_storm": "retry_storm",
    "scan_pollution": "scan_pollution",
    "set_failures": "set_failures",
    "shard_remap": "shard_remap",
    "silence": "traffic_drop",
    "slow_leak": "capacity_leak",
    "slow_warmup": "slow_warmup",
    "stampede": "hot_key_burst",
    "synchronised_expiry": "sync_ttl_expiry",
    "tail_latency": "tail_latency",
    "traffic_drop": "traffic_drop",
    "traffic_surge": "traffic_surge",
    "ttl_change": "ttl_too_short",
    "value_bloat": "value_bloat",
}
"""Name of a cause -> kind. Where the lab does not tell two of ours apart, both have one kind."""


def ranked_kinds(names: list[str]) -> list[str]:
    """The kinds of ranked causes, each once, in the order of its first cause.

    Raises KeyError for a cause without a kind.
    """
    return list(dict.fromkeys(KINDS[name] for name in names))
