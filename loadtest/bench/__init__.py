"""`loadtest bench fanout`: what one worker's fan-out holds, row by row, against stated targets."""
