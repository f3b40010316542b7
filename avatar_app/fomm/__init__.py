"""The First Order Motion Model (Siarohin et al., NeurIPS 2019), its runtimes and its training."""
