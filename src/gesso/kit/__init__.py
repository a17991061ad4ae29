"""Small tools that know nothing of images, money or tasks."""
