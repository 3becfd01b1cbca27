"""When to learn, and from what: decided alike by the daemon's refresh and by a backtest. Pure."""
