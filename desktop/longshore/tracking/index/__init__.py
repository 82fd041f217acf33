"""The run index: the columns of an experiment's runs in files that any process may read while one writes."""
