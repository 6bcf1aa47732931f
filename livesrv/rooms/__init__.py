"""Who hears it: members, lanes, fan-out, and the bus between workers."""
