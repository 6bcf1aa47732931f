"""An audience played into somebody else's show: it talks, gives, and buys what is pinned."""
