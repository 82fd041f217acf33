"""Compiles the pipelines of a KFP source file; arguments: the file."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import longshore_probe

del sys.path[0]


def describe(arguments):
    """Give every pipeline of the file, compiled, by the name of its function."""
    module = longshore_probe.module(arguments[0], os.getcwd())

    from google.protobuf import json_format
    from kfp.dsl import graph_component

    found = {}
    for name, one in vars(module).items():
        if isinstance(one, graph_component.GraphComponent):
            found[name] = json_format.MessageToDict(one.pipeline_spec)
    return {"pipelines": found}


if __name__ == "__main__":
    longshore_probe.main(describe)
