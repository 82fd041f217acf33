"""The graph from data and code to the deployment."""
