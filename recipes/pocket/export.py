"""Writes the checkpoint in llava-hf layout, f16, and proves that transformers computes the same from it.

python export.py [OUT=../../public/models/pocket]
"""
import json
import os
import shutil
import sys

import torch
from safetensors.torch import save_file

import world
from model import TEXT, VISION
from packing import tokenizer
from tokenizer import BOS, EOS, IMAGE, PAD

TEMPLATE = """{%- for message in messages -%}
{%- if message['role'] == 'assistant' -%}
{{ 'ASSISTANT:' }}
{%- if message['content'] is string %}{{ ' ' + message['content'] }}{% else -%}
{%- for part in message['content'] if part['type'] == 'text' %}{{ ' ' + part['text'] }}{% endfor %}{% endif %}{{ '</s>' }}
{%- else -%}
{{ 'USER: ' }}
{%- if message['content'] is string %}{{ message['content'] }}{% else -%}
{%- for part in message['content'] if part['type'] == 'image' %}{{ '<image>\\n' }}{% endfor -%}
{%- for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}{% endif %}{{ ' ' }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif -%}
"""


def configs(vocab):
    v, t = VISION, TEXT
    config = {
        "architectures": ["LlavaForConditionalGeneration"], "model_type": "llava",
        "image_token_index": IMAGE, "image_token_id": IMAGE, "pad_token_id": PAD, "projector_hidden_act": "gelu",
        "vision_feature_layer": -1, "vision_feature_select_strategy": "default", "image_seq_length": 64,
        "multimodal_projector_bias": True, "tie_word_embeddings": True, "torch_dtype": "float16",
        "text_config": {
            "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": t["width"],
            "num_hidden_layers": t["layers"], "num_attention_heads": t["heads"], "num_key_value_heads": t["kv_heads"],
            "head_dim": t["head_dim"], "intermediate_size": t["ffn"], "vocab_size": vocab, "hidden_act": "silu",
            "rms_norm_eps": t["eps"], "rope_theta": t["theta"], "max_position_embeddings": 2048,
            "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True,
            "bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": PAD, "torch_dtype": "float16"},
        "vision_config": {
            "model_type": "clip_vision_model", "hidden_size": v["width"], "intermediate_size": v["ffn"],
            "num_hidden_layers": v["layers"], "num_attention_heads": v["heads"], "image_size": v["image"],
            "patch_size": v["patch"], "num_channels": 3, "hidden_act": "gelu", "layer_norm_eps": 1e-5,
            "projection_dim": v["width"], "torch_dtype": "float16"},
    }
    image = {
        "image_processor_type": "CLIPImageProcessor", "processor_class": "LlavaProcessor", "do_convert_rgb": True,
        "do_resize": True, "size": {"height": v["image"], "width": v["image"]}, "resample": 3, "do_center_crop": False,
        "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
    processor = {"processor_class": "LlavaProcessor", "image_token": "<image>", "patch_size": v["patch"],
                 "num_additional_image_tokens": 1, "vision_feature_select_strategy": "default"}
    words = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    return {
        "config.json": config, "preprocessor_config.json": image, "processor_config.json": processor,
        "generation_config.json": {"bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": PAD, "do_sample": False,
                                   "max_new_tokens": 96},
        "special_tokens_map.json": words,
        "tokenizer_config.json": {
            **words, "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 2048, "padding_side": "left",
            "clean_up_tokenization_spaces": False, "add_bos_token": True, "processor_class": "LlavaProcessor",
            "extra_special_tokens": {"image_token": "<image>"}, "image_token": "<image>"},
    }


def checkpoint_name(name):
    """Names of the hub's files; see the spec, layout (1)."""
    if name.startswith("vision_tower."):
        return "vision_tower.vision_model." + name[len("vision_tower."):]
    if name.startswith("language_model."):
        return "language_model.model." + name[len("language_model."):]
    return name


def write(state, out):
    os.makedirs(out, exist_ok=True)
    tensors = {checkpoint_name(k): v.detach().half().contiguous() for k, v in state.items()}
    save_file(tensors, os.path.join(out, "model.safetensors"), metadata={"format": "pt"})
    os.chmod(os.path.join(out, "model.safetensors"), 0o644)
    for name, value in configs(tokenizer().get_vocab_size()).items():
        with open(os.path.join(out, name), "w") as f:
            json.dump(value, f, indent=2)
            f.write("\n")
    with open(os.path.join(out, "chat_template.jinja"), "w") as f:
        f.write(TEMPLATE)
    shutil.copy(world.work_path("tokenizer.json"), out)


def check(state, out):
    """transformers on the written folder against our own forward, on a real scene."""
    import model as M
    from evaluate import eval_batch, load
    from PIL import Image
    from transformers import AutoProcessor, LlavaForConditionalGeneration
    import loader
    from scenes import scene_rng
    M.ACT = torch.float32
    pixels, plan, _ = eval_batch(0, 1, 2, "test")
    ours = load({k: v.half().float() for k, v in state.items()})
    theirs = LlavaForConditionalGeneration.from_pretrained(out, dtype=torch.float32).eval()
    ids = plan.ids[:plan.groups[0].back.numel()]
    n = int((plan.groups[0].real[:plan.groups[0].length] > 0).sum())
    prompt = torch.cat([plan.head, torch.full((64,), IMAGE), plan.tail, ids[:n]])[None]
    with torch.no_grad():
        hidden, table = ours(pixels, plan)[-2:]
        mine = ours.logits(hidden, table)
        mine = torch.cat([mine[:plan.prefix], mine[plan.prefix:plan.prefix + n]])
        hf = theirs(input_ids=prompt, pixel_values=pixels).logits[0]
    worst = (mine - hf).abs().max() / hf.abs().max()
    print(f"largest difference of the logits, relative: {worst:.1e}")
    assert worst < 1e-4
    processor = AutoProcessor.from_pretrained(out)
    image, _ = loader.composer("test").scene(scene_rng(2, 0))
    text = processor.apply_chat_template([{"role": "user", "content": [
        {"type": "image"}, {"type": "text", "text": "Describe the image."}]}], add_generation_prompt=True)
    batch = processor(images=Image.fromarray(image), text=text, return_tensors="pt")
    assert batch["input_ids"][0].tolist()[:len(plan.head)] == plan.head.tolist(), batch["input_ids"]
    assert torch.allclose(batch["pixel_values"], pixels, atol=1e-5)
    with torch.no_grad():
        answer = theirs.generate(**batch, max_new_tokens=60)[0, batch["input_ids"].shape[1]:]
    print(repr(text), "->", processor.tokenizer.decode(answer))


if __name__ == "__main__":
    target = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                                "../../public/models/pocket")
    weights = torch.load(world.work_path("model.pt"), weights_only=False)["ema"]
    write(weights, target)
    print(os.path.getsize(os.path.join(target, "model.safetensors")), "bytes of weights")
    check(weights, target)
