"""How many viewers a deployment holds, and what breaks first."""
