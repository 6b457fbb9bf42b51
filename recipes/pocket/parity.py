"""What transformers computes in f32 on two shipped scenes, for the tests of the runtime.

python parity.py [MODEL=../../public/models/pocket]   writes MODEL/eval/parity.json
"""
import json
import os
import sys

import torch
from PIL import Image

from ask import HERE, Answerer


def main(folder):
    answerer = Answerer(folder)
    with open(os.path.join(folder, "eval/eval.jsonl")) as f:
        rows = [json.loads(line) for line in f]
    names = list(dict.fromkeys(r["image"] for r in rows))
    cases = []
    for name in (names[0], names[-1]):
        image = Image.open(os.path.join(folder, "eval", name))
        questions = [r["question"] for r in rows if r["image"] == name][:4]
        for chat in [[q] for q in questions] + [["Describe the image."], ["How many things are there?", "Describe the image."]]:
            messages = []
            for n, question in enumerate(chat):
                content = [{"type": "image"}] * (n == 0) + [{"type": "text", "text": question}]
                messages.append({"role": "user", "content": content})
                text, input_ids, ids, logits = answerer.turn(image, messages)
                answer = answerer.processor.tokenizer.decode(ids, skip_special_tokens=True).strip()
                messages.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
            cases.append({"image": name, "questions": chat, "prompt": text, "answer": answer, "inputIds": input_ids,
                          "greedyIds": ids, "lastLogits": [round(x, 5) for x in logits.tolist()]})
    out = {"madeBy": f"recipes/pocket/parity.py, torch {torch.__version__.split('+')[0]}, f32", "cases": cases}
    with open(os.path.join(folder, "eval/parity.json"), "w") as f:
        json.dump(out, f)
        f.write("\n")
    print(*(f"{c['questions']} -> {c['answer']}" for c in cases), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "../../public/models/pocket"))
