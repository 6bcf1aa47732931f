"""One client: what a viewer's device does, from the bytes of a frame to the order sent again."""
