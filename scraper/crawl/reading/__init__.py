"""Where the pages of a run come from: the network, or a saved tree."""
