"""Architectures, in the framework that they are trained in. Serving never imports this package."""
