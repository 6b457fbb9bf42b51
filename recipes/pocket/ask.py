"""Asks the exported model through transformers: python ask.py IMAGE QUESTION [QUESTION ...] (one chat)."""
import os
import sys

import torch
from PIL import Image
from transformers import AutoProcessor, LlavaForConditionalGeneration

HERE = os.path.dirname(os.path.abspath(__file__))


class Answerer:
    def __init__(self, folder=os.path.join(HERE, "../../public/models/pocket")):
        self.model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        self.processor = AutoProcessor.from_pretrained(folder)

    @torch.no_grad()
    def turn(self, image, messages):
        """-> prompt, input ids, greedy ids, logits after the prompt"""
        text = self.processor.apply_chat_template(messages, add_generation_prompt=True)
        batch = self.processor(images=image.convert("RGB"), text=text, return_tensors="pt")
        ids = self.model.generate(**batch, max_new_tokens=96, do_sample=False)[0, batch["input_ids"].shape[1]:]
        return text, batch["input_ids"][0].tolist(), ids.tolist(), self.model(**batch).logits[0, -1]

    def __call__(self, image, questions):
        messages, answers = [], []
        for n, question in enumerate(questions):
            content = [{"type": "image"}] * (n == 0) + [{"type": "text", "text": question}]
            messages.append({"role": "user", "content": content})
            ids = self.turn(image, messages)[2]
            answers.append(self.processor.tokenizer.decode(ids, skip_special_tokens=True).strip())
            messages.append({"role": "assistant", "content": [{"type": "text", "text": answers[-1]}]})
        return answers


if __name__ == "__main__":
    for line in Answerer()(Image.open(sys.argv[1]), sys.argv[2:]):
        print(line)
