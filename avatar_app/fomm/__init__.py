"""First Order Motion Model (Siarohin et al., NeurIPS 2019): the only place that knows torch."""
