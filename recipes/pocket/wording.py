"""How things are said: names, articles, plurals, and templates that remember where a phrase ends."""
import json
import re

import world
from scenes import SHAPE, THING

_names = []


def names():
    if not _names:
        with open(world.work_path("things.json"), encoding="utf-8") as f:
            _names.extend(json.load(f))
    return _names


def noun(item):
    if item.kind == THING:
        return names()[item.index]
    if item.kind == SHAPE:
        return f"{world.COLOR_NAMES[item.color]} {world.SHAPES[item.index]}"
    return f'word "{world.WORDS[item.index]}"'


def a(text):
    if text in world.PLURAL_ONLY or text in world.UNCOUNTED:
        return text
    if text.startswith("word "):
        return "the " + text
    return ("an " if text[0] in "aeiou" else "a ") + text


def is_are(text):
    return "are" if text in world.PLURAL_ONLY else "is"


def plural(text):
    if text in world.PLURAL_ONLY or text in world.UNCOUNTED or text == "fish":
        return text
    if text == "die":
        return "dice"
    if text.endswith("leaf"):
        return text[:-1] + "ves"
    if re.search(r"(s|x|ch|sh|to)$", text):
        return text + "es"
    return text[:-1] + "ies" if re.search(r"[^aeiou]y$", text) else text + "s"


def fill(template, **slots):
    """Fills {x}; a slot (text, patches or None) also says where its last character ends."""
    out, grounds = "", []
    for part in re.split(r"(\{\w+\})", template):
        if part.startswith("{"):
            value = slots[part[1:-1]]
            if isinstance(value, tuple):
                out += value[0]
                grounds.append((len(out), value[1]))
            else:
                out += value
        else:
            out += part
    return out, grounds
