"""What every request passes before a route hears of it: who may come, how often, how much."""
