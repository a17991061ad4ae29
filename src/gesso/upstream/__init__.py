"""What providers share: a connection whose failures have a meaning, and diffusion work."""
