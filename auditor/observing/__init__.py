"""From scores to observations: one problem, one state, its severity and its words. Pure."""
