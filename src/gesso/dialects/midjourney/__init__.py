"""The Midjourney-proxy wire, as Modellss publishes it. Facts: README.md beside this file."""
