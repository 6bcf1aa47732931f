"""`loadtest checkout`: how many durable orders a second one hot offer sells, and what limits it."""
