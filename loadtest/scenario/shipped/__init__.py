"""The scenarios that are shipped, one TOML file each. No code."""
