"""The OpenAI wire: chat, embeddings, images and audio. Spec: README.md of this folder."""
