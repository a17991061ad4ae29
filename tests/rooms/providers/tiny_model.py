"""Writes a Stable Diffusion of random weights that loads in a moment and paints noise.

It is written by a process of its own, so that the tests' process never imports PyTorch.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def write(place: Path) -> Path:
    subprocess.run([sys.executable, __file__, str(place)], check=True)
    return place


def _tokenizer(place: Path) -> None:
    """A vocabulary of single letters, with the two marks that CLIP needs."""
    place.mkdir()
    letters = [chr(c) for c in range(ord("!"), ord("~") + 1)]
    words = [*letters, *(f"{one}</w>" for one in letters), "<|startoftext|>", "<|endoftext|>"]
    (place / "vocab.json").write_text(json.dumps({word: n for n, word in enumerate(words)}))
    (place / "merges.txt").write_text("#version: 0.2\n")


def _main(place: Path) -> None:
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline
    from diffusers import UNet2DConditionModel as UNet
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    _tokenizer(place / "letters")
    tokenizer = CLIPTokenizer(str(place / "letters/vocab.json"), str(place / "letters/merges.txt"))
    tokenizer.model_max_length = 77
    size = len(tokenizer)
    text = CLIPTextConfig(
        vocab_size=size, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, bos_token_id=size - 2, eos_token_id=size - 1, pad_token_id=size - 1,
    )  # fmt: skip
    unet = UNet(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=1,
        block_out_channels=(32, 32), cross_attention_dim=16, attention_head_dim=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(32, 32, 32, 32), latent_channels=4, sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    pipeline = StableDiffusionPipeline(
        vae=vae, text_encoder=CLIPTextModel(text), tokenizer=tokenizer, unet=unet,
        scheduler=DDIMScheduler(), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
    pipeline.save_pretrained(place)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
