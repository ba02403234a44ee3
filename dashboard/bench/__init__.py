"""How long the live page's questions take, beside the plain form of each."""
