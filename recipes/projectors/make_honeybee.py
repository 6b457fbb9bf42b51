"""A whole checkpoint in Honeybee's layout, tiny and of random weights, and what PyTorch computes with it.

python make_honeybee.py ../../goldens OUT

OUT gets config.json, a tokenizer with Llama's rules, model.safetensors (bf16, Honeybee's names) and expected.json / expected.safetensors:
for two of llava-clip-llama's images the token ids, pixel values, features, visual tokens, logits of the last rows, and greedy ids; and the
losses of five steps of AdamW on the abstractor, whose targets are the answers and their ends.
CLIP and Llama are transformers' own, the C-Abstractor is that of modules.py, which make_training.py holds against Honeybee's code.
"""
import argparse
import copy
import json
import os

import numpy as np
import torch
import torch.nn.functional as F
from modules import CAbstractor
from PIL import Image
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModel, LlamaConfig, LlamaForCausalLM

SYSTEM = (
    "The following is a conversation between a curious human and AI assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
IMAGE = -1  # Honeybee's id of a visual token
VOCABULARY = 352
TRANSFORM = {"image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}
VISION = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2, "image_size": 56, "patch_size": 14,
    "hidden_act": "quick_gelu", "layer_norm_eps": 1e-05, "projection_dim": 16,
}
TEXT = {
    "hidden_size": 48, "intermediate_size": 100, "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 3,
    "rms_norm_eps": 1e-05, "vocab_size": VOCABULARY, "max_position_embeddings": 512, "bos_token_id": 1, "eos_token_id": 2,
    "pad_token_id": 0,
}
PROJECTOR = {
    "projector_type": "c-abs", "num_eos_tokens": 2, "hidden_size": 24, "num_query_tokens": 9, "depth": 1, "mlp_depth": 2,
    "feature_layer_index": -2, "pos_emb": True, "prenorm": False, "initializer_range": 0.02,
    "encoder_hidden_size": VISION["hidden_size"], "output_hidden_size": TEXT["hidden_size"],
}
# Honeybee saves its config with no model type but those of the parts, and where each part once came from.
CONFIG = {
    "architectures": ["HoneybeeForConditionalGeneration"],
    "model_type": "",
    "vision_config": VISION | TRANSFORM | {"model_type": "", "encoder_type": "openai.clip", "pretrained_vision_name_or_path": "tiny"},
    "projector_config": PROJECTOR | {"model_type": ""},
    "lm_config": {"model_type": "", "pretrained_lm_name_or_path": "tiny", "pretrained_tokenizer_name_or_path": "tiny"},
    "text_config": TEXT | {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "tie_word_embeddings": False},
}
CASES = [
    {"image": "image0.png", "turns": ["What is shown in this image?"]},
    {"image": "image1.png", "turns": ["Is it red?", "Yes, it is.", "And below?"]},
]
LESSONS = [["What is it?", "And below?"], ["Is it red?", "Yes, it is.", "What is it?", "A conversation."]]
TRAINING = {"optimizer": "AdamW", "lr": 0.01, "betas": [0.9, 0.999], "eps": 1e-08, "weight_decay": 0.01, "steps": 5}


def tokenizer():
    """Llama's rules: a blank before each text, blanks as pieces, bytes for what no piece writes; a tiny vocabulary."""
    corpus = [SYSTEM] * 4 + ["Human:", "AI:", "What is it?"] * 8 + [turn for case in CASES for turn in case["turns"]]
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    learned.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, show_progress=False))
    pieces = json.loads(learned.to_str())["model"]
    merges = [tuple(merge) for merge in pieces["merges"]]
    model = models.BPE(pieces["vocab"], merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    made = Tokenizer(model)
    made.add_special_tokens(special[:3])
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(content=" ", left=1, right=0)]
    )
    return made


def encode(tokens, turns, visual):
    """As Honeybee's encode_prompt: ids and labels of BOS, system, image and turns; the text is split at images and roles, each piece is
    tokenized by itself, answers end with EOS and are the only targets. Behind a question the next answer begins."""
    roles = ["\nHuman: ", "\nAI: "]
    pieces = [SYSTEM, roles[0], None]
    for i, turn in enumerate(turns):
        pieces += [roles[i % 2], turn]
    if len(turns) % 2:
        pieces.append(roles[1])
    ids, labels = [1], [-100]
    for before, piece in zip([None, *pieces], pieces):
        new = [IMAGE] * visual if piece is None else tokens.encode(piece, add_special_tokens=False).ids
        if before == roles[1]:
            new.append(2)
        ids += new
        labels += new if before == roles[1] else [-100] * len(new)
    return ids, labels


def squashed(path):
    """Resized to a square whatever the sides were."""
    side = VISION["image_size"]
    image = Image.open(path).convert("RGB").resize((side, side), Image.BICUBIC)
    values = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
    mean, std = (torch.tensor(TRANSFORM[key]).view(3, 1, 1) for key in ("image_mean", "image_std"))
    return ((values - mean) / std)[None]


def randomize(module):
    """Weights whose layers neither fade nor grow, on values that bf16 holds exactly."""
    for name, value in module.named_parameters():
        norm = value.ndim == 1 and name.endswith("weight")
        scale = 1.6 / value[0].numel() ** 0.5 if value.ndim > 1 and "embed" not in name and "pos_emb" not in name else 0.3
        nn.init.normal_(value, mean=1.0 if norm else 0.0, std=0.2 if norm else scale)
        value.data = value.data.bfloat16().float()
    return module.eval().requires_grad_(False)


class Honeybee(nn.Module):
    def __init__(self):
        super().__init__()
        self.vision_model = CLIPVisionModel(CLIPVisionConfig(**VISION, attn_implementation="eager"))
        self.abstractor = CAbstractor(PROJECTOR, (VISION["image_size"] // VISION["patch_size"]) ** 2)
        self.language_model = LlamaForCausalLM(LlamaConfig(**TEXT, attn_implementation="eager"))

    def features(self, pixels):
        states = self.vision_model(pixels, output_hidden_states=True).hidden_states
        return states[PROJECTOR["feature_layer_index"]][:, 1:]

    def logits(self, ids, visual):
        """ids [T]; the rows of IMAGE are those of `visual` [M, D]."""
        ids = torch.tensor(ids)
        embedded = self.language_model.get_input_embeddings()(ids.clamp(min=0))
        embedded[ids == IMAGE] = visual
        return self.language_model(inputs_embeds=embedded[None]).logits[0]


def greedy(model, ids, visual, count):
    said = []
    while len(said) < count and (not said or said[-1] != 2):
        logits = model.logits(ids + said, visual)[-1]
        best = logits.topk(2).values
        assert best[0] - best[1] > 1e-3, "two tokens are too near each other for other devices"
        said.append(int(logits.argmax()))
    return said


def train(model, tokens, pixels):
    """The mean over all targets of both lessons, before each step."""
    abstractor = copy.deepcopy(model.abstractor).requires_grad_()
    options = {key: TRAINING[key] for key in ("lr", "betas", "eps", "weight_decay")}
    optimizer = torch.optim.AdamW(abstractor.parameters(), **options)
    features = [model.features(image) for image in pixels]
    losses = []
    for _ in range(TRAINING["steps"]):
        predicted, wanted = [], []
        for turns, seen in zip(LESSONS, features):
            visual = abstractor(seen)[0]
            ids, labels = encode(tokens, turns, len(visual))
            predicted.append(model.logits(ids, visual)[:-1])
            wanted += labels[1:]
        loss = F.cross_entropy(torch.cat(predicted), torch.tensor(wanted), ignore_index=-100)
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    return {"lessons": LESSONS, "targets": sum(label != -100 for label in wanted), "losses": losses} | TRAINING


def official(name):
    """Released checkpoints have the encoder below a vision_model of its own, as transformers 4 has it; version 5 has not."""
    return name.replace("vision_model.", "vision_model.vision_model.", 1)


def main(goldens, out):
    torch.set_num_threads(1)
    torch.manual_seed(5)
    tokens = tokenizer()
    assert tokens.get_vocab_size() == VOCABULARY
    model = randomize(Honeybee())
    model.language_model.lm_head.weight[3:259] *= 0.25  # single bytes are said seldom, so that answers can be read
    results, tensors, images = [], {}, []
    for i, case in enumerate(CASES):
        pixels = squashed(os.path.join(goldens, "llava-clip-llama", case["image"]))
        images.append(pixels)
        features = model.features(pixels)
        visual = model.abstractor(features)
        ids, _ = encode(tokens, case["turns"], visual.shape[1])
        logits = model.logits(ids, visual[0])
        said = greedy(model, ids, visual[0], 24)
        named = {"pixel_values": pixels, "features": features, "visual_tokens": visual, "logits": logits[None, -8:].clone()}
        tensors |= {f"case{i}.{name}": value.contiguous() for name, value in named.items()}
        results.append(case | {"input_ids": ids, "greedy_ids": said, "greedy_text": tokens.decode(said)})
        print(len(ids), "ids, then", said, repr(tokens.decode(said)))
    os.makedirs(out, exist_ok=True)
    weights = {official(name): value.bfloat16() for name, value in model.state_dict().items() if "position_ids" not in name}
    save_file(weights, os.path.join(out, "model.safetensors"), metadata={"format": "pt"})
    save_file(tensors, os.path.join(out, "expected.safetensors"), metadata={"format": "pt"})
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<unk>"}
    pieces = ["What is it?", "\nHuman: ", "\nAI: "]
    training = train(model, tokens, images)
    print(training["targets"], "targets, losses", training["losses"])
    exact = {text: tokens.encode(text, add_special_tokens=False).ids for text in pieces}
    texts = {
        "config.json": CONFIG,
        "tokenizer.json": json.loads(tokens.to_str()),
        "tokenizer_config.json": special | {"clean_up_tokenization_spaces": False, "tokenizer_class": "LlamaTokenizer", "legacy": True},
        "expected.json": {"cases": results, "pieces": exact, "training": training},
    }
    for name, value in texts.items():
        with open(os.path.join(out, name), "w") as file:
            json.dump(value, file, indent=1 if name == "config.json" else None, ensure_ascii=False)
            file.write("\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("goldens")
    parser.add_argument("out")
    args = parser.parse_args()
    main(args.goldens, args.out)
