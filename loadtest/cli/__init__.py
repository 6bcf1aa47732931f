"""The command line's commands, one module each: `add` makes its parser, the rest carries it out."""
