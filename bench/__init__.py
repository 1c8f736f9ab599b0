"""Speed and memory of what is served, beside the same work done with plain PyTorch or Keras: `python -m bench`."""
