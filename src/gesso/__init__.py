"""gesso: one self-hosted gateway for image generation and the model APIs around it."""

__version__ = "0.1.0"
