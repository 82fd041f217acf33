"""MLflow's REST API, typed: the one room that speaks to MLflow."""
