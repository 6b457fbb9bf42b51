"""Two kinds of question that the pocket model was not trained on: which thing is nearest to another, and how many lie in a region."""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../pocket"))

import world  # noqa: E402
from questions import Asker, Turn, ask as ask_known  # noqa: E402
from scenes import SHAPE, WORD  # noqa: E402
from wording import a, noun  # noqa: E402

NEAREST = ["What is next to {x}?", "Which thing is next to {x}?", "Which thing is closest to {x}?"]
MARGIN = 1.25  # the second nearest is at least so many times as far away
REGION = ["How many {what} are {at} of the image?", "How many {what} are there {at}?", "How many {what} do you see {at}?"]
SIDES = ["left", "right", "top", "bottom"]


def nearest(items, rng):
    """Asks for the item whose centre is nearest to that of another; None where fewer than three items leave no choice or it is close."""
    asker, good = Asker(items, rng), []
    for item in asker.unique:
        others = sorted((i for i in items if i is not item), key=lambda i: np.hypot(i.x - item.x, i.y - item.y))
        if len(others) < 2:
            continue
        first, second = (np.hypot(i.x - item.x, i.y - item.y) for i in others[:2])
        if second >= MARGIN * first:
            good.append((item, others[0]))
    if not good:
        return None
    item, found = asker.one(good)
    name, text = asker.ref(item)[0], noun(found)
    question = asker.one(NEAREST).format(x=f"the {name}")
    return Turn("nearest", question, f"The {text} is next to the {name}.", a(text) if found.kind == WORD else text)


def region(items, rng):
    """Counts what lies in the left or right column, or the top or bottom row: the items whose place has that word in its name."""
    asker = Asker(items, rng)
    side = asker.one(SIDES)
    what = "shapes" if rng.random() < 0.2 else "things"
    n = sum(side in i.place.split() and (what == "things" or i.kind == SHAPE) for i in items)
    question = asker.one(REGION).format(what=what, at=world.AT[side])
    text = f"There is one {what[:-1]}" if n == 1 else f"There are {world.NUMBERS[n] if n else 'no'} {what}"
    return Turn("region", question, f"{text} {world.AT[side]}.", world.NUMBERS[n])


NEW = {"nearest": nearest, "region": region}


def ask(items, rng, kind):
    """One turn of a known or new kind; None where the scene has no such question."""
    return NEW[kind](items, rng) if kind in NEW else ask_known(items, rng, kind)
