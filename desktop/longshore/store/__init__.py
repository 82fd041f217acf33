"""The local database: jobs, deployments on this computer, recent projects, workspaces, window state.

`records` holds the frozen values that leave this room and imports nothing slow; the other modules need sqlmodel.
Every function takes the home whose database it means; a session lives only inside one call.
"""
