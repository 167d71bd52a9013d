"""Pictures measured by others: run (the way in), metrics (their names), pairs, sets, label_maps, sides, figures."""
