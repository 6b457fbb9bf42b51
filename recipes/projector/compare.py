"""Whether an exported projector gives the same logits in transformers as in Beagle.

beagle trace --model MODEL --projector FILE --image I --prompt P --out TRACE     what Beagle computes, in f32
python compare.py MODEL FILE TRACE... [--out OUT]                                the same by transformers; OUT keeps its logits

MODEL is a folder in the hub's llava layout. Prompts and pixels are taken from the traces, so that nothing but the model is compared.
Exits with 1 where logits differ by more than 1e-4 of the largest.
"""
import argparse
import glob
import os
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import LlavaForConditionalGeneration


def taught(folder, projector):
    """The model with the projector's tensors in place of its own: the file names them as the checkpoint does."""
    tensors = {}
    for shard in sorted(glob.glob(os.path.join(folder, "model*.safetensors"))):
        tensors.update(load_file(shard))
    learned = load_file(projector)
    strangers = sorted(learned.keys() - tensors.keys())
    if strangers:
        sys.exit(f"{projector} holds {strangers}, which {folder} does not. It belongs to another model.")
    config = LlavaForConditionalGeneration.config_class.from_pretrained(folder)
    model = LlavaForConditionalGeneration.from_pretrained(
        None, config=config, state_dict={**tensors, **learned}, dtype=torch.float32
    )
    held = {name[name.index("multi_modal_projector"):]: t for name, t in model.state_dict().items() if "projector" in name}
    for name, tensor in learned.items():
        assert torch.equal(held[name[name.index("multi_modal_projector"):]], tensor.float()), f"{name} was not taken over"
    return model.eval()


@torch.no_grad()
def main(folder, projector, traces, out):
    model = taught(folder, projector)
    theirs, worst = {}, 0
    for i, path in enumerate(traces):
        trace = load_file(path)
        logits = model(input_ids=trace["input_ids"].long(), pixel_values=trace["pixel_values"]).logits
        largest, difference = logits.abs().max().item(), (logits - trace["logits"]).abs().max().item()
        worst = max(worst, difference / largest)
        print(f"{path}: {list(logits.shape)}, at most {difference:.1e} apart, the largest is {largest:.2f}")
        theirs[f"case{i}.logits"] = logits.contiguous()
    if out:
        save_file(theirs, out, metadata={"format": "pt", "torch": torch.__version__.split("+")[0]})
    return 0 if worst < 1e-4 else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("projector")
    parser.add_argument("traces", nargs="+")
    parser.add_argument("--out")
    args = parser.parse_args()
    sys.exit(main(args.model, args.projector, args.traces, args.out))
