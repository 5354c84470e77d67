"""Where the pipeline meets: the engine, and all that it is told to do or to leave out."""
