"""Reads a script's command line (argparse, click, typer, fire) from its syntax tree; nothing is imported or run."""
