"""Two sides of runs compared: worse, better, or no detectable change."""
