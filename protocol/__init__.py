"""What can be said on the wire: messages, formats, codes. `README.md` beside this is the spec."""
