"""Any metric by time, judged row by row from its own past: rarity, season, episodes. Pure."""
