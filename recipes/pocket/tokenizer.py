"""The pocket model's own tokenizer: byte-level BPE learnt from its questions and answers.

`python tokenizer.py` writes <work>/tokenizer.json.  The sentence that asks for a short answer is one token.
"""
import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

import world
from loader import composer
from phrases import SHORT
from questions import conversation
from wording import names
from scenes import scene_rng

SPECIAL = ["<s>", "</s>", "<pad>", "<image>"]
BOS, EOS, PAD, IMAGE = range(4)
VOCAB = 2048


def corpus(count=12000):
    for i in range(count):
        rng = scene_rng(0, 10_000_000 + i)
        _, items = composer().scene(rng)
        for turn in conversation(items, rng, 2):
            # Plurals are left out, so that "cats" stays " cat" + "s".
            if turn.kind != "counting" or "things" in turn.question or "shapes" in turn.question:
                yield f"USER: \n{turn.question} ASSISTANT: {turn.sentence}"
                yield f" ASSISTANT: {turn.short}"
                yield turn.question.lower().rstrip("?")
    for text in names() + world.WORDS + world.COLOR_NAMES + world.SHAPES:
        for _ in range(40):
            yield f' {text}\n"{text}"\n{text}'


def main():
    tok = Tokenizer(models.BPE(byte_fallback=False))
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCAB - 1, min_frequency=4, special_tokens=SPECIAL, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tok.train_from_iterator(corpus(), trainer)
    tok.add_tokens([AddedToken(SHORT, normalized=False)])
    tok.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", BOS)])
    tok.save(world.work_path("tokenizer.json"))
    print(tok.get_vocab_size(), "tokens")
    for text in ("USER: <image>\nWhat is in the top left?\n" + SHORT + ' ASSISTANT: hot dog</s>USER: Where are the cats? ASSISTANT: The text says "hello".',):
        print(tok.encode(text).tokens)
    print([n for n in names() if len(tok.encode(" " + n, add_special_tokens=False).ids) > 1])
    assert np.all([len(tok.encode(f' {w}', add_special_tokens=False).ids) == 1 for w in world.WORDS])


if __name__ == "__main__":
    main()
