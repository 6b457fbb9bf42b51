"""Questions about a scene, with a sentence and a short answer each, and where in the image their words point.

A turn knows its `grounds`: (end of a phrase in the question, the patches it means or None when absent);
training uses them, nothing else does.
"""
from dataclasses import dataclass, field

import numpy as np

import world
from phrases import (COLOR_OF, COUNT, DESCRIBE, EXIST, EXIST_AT, NAMING, NAMING_ONE, NEXT_PLACE, PLACE, REL_CHOICE,
                     REL_IS, REL_WHAT, SIDE_OF, SMALLTALK, TEXT)
from scenes import N_SHAPES, N_THINGS, SHAPE, THING, WORD
from wording import a, fill, is_are, names, noun, plural

@dataclass
class Turn:
    kind: str
    question: str
    sentence: str
    short: str
    grounds: list = field(default_factory=list)
    target: object = None  # the item that the answer speaks of


class Asker:
    def __init__(self, items, rng):
        self.items, self.rng = items, rng
        self.by_place = {i.place: i for i in items}
        keys = [(i.kind, i.index) for i in items]
        full = [noun(i) for i in items]
        # Every way to speak of an item that means it alone.
        self.refs = {}
        for i, key, text in zip(items, keys, full):
            ways = []
            if i.kind == WORD:
                ways = ["word", "text"]
            elif i.kind == THING:
                ways = [text] if keys.count(key) == 1 else []
            else:
                ways = [text] * (full.count(text) == 1) + [world.SHAPES[i.index]] * (keys.count(key) == 1)
            if ways:
                self.refs[id(i)] = ways
        self.unique = [i for i in items if id(i) in self.refs]

    def one(self, seq):
        return seq[self.rng.integers(len(seq))]

    def ref(self, item):
        return self.one(self.refs[id(item)]), item.patches

    def absent_thing(self):
        have = {i.index for i in self.items if i.kind == THING}
        while True:
            k = int(self.rng.integers(N_THINGS))
            if k not in have:
                return names()[k]

    def naming(self):
        if len(self.items) == 1 and self.rng.random() < 0.5:
            item, place = self.items[0], None
            q, g = self.one(NAMING_ONE), []
        else:
            if self.rng.random() < 0.93:
                item = self.one(self.items)
                place = item.place
            else:
                item, place = None, self.one([p for p in world.AT if p not in self.by_place])
            patches = item.patches if item else None
            q, g = fill(self.one(NAMING), place=(world.AT[place], patches), bare=(place, patches))
        tail = f" {world.AT[place]}" if place else ""
        if item is None:
            return Turn("naming", q, f"There is nothing{tail}.", "nothing", g)
        n = noun(item)
        return Turn("naming", q, f"There {is_are(n)} {a(n)}{tail}.", n if item.kind != WORD else a(n), g, item)

    def existence(self):
        rng = self.rng
        if rng.random() < 0.25:
            item = self.one(self.items)
            yes = rng.random() < 0.5
            place = item.place
            if yes or len(self.items) == 1 or rng.random() < 0.3:
                n = noun(item) if yes else self.absent_thing()
            else:
                n = noun(self.one([i for i in self.items if i is not item]))
                yes = n == noun(item)
            patches = next((i.patches for i in self.items if noun(i) == n), None)
            q, g = fill(self.one(EXIST_AT), be=is_are(n).capitalize(), x=(a(n), patches), place=(world.AT[place], item.patches))
            text = f"there {is_are(n)} {a(n)}" if yes else f"there {is_are(n)} no {n}"
            return Turn("existence", q, f"{'Yes' if yes else 'No'}, {text} {world.AT[place]}.", "yes" if yes else "no",
                        g, item if yes else None)
        if rng.random() < 0.5:
            item = self.one(self.items)
            n = noun(item)
            if item.kind == SHAPE and rng.random() < 0.3:
                n = world.SHAPES[item.index]
            if item.kind == WORD and rng.random() < 0.7:
                n = "text"
            same = [i for i in self.items if noun(i) == noun(item)]
            x = "any text" if n == "text" else a(n)
            q, g = fill(self.one(EXIST), be=is_are(n).capitalize(), x=(x, np.any([i.patches for i in same], 0)))
            at = f" {world.AT[item.place]}" if len(same) == 1 else ""
            return Turn("existence", q, f"Yes, there {is_are(n)} {x.replace('any ', '')}{at}.", "yes", g, item)
        r = rng.random()
        shapes = [i for i in self.items if i.kind == SHAPE]
        colored = {noun(i) for i in shapes}
        if r < 0.05 and all(i.kind != WORD for i in self.items):
            n, x = "text", "any text"
        elif r < 0.3:
            shape = world.SHAPES[self.one(shapes).index] if shapes and rng.random() < 0.6 else self.one(world.SHAPES)
            n = f"{self.one(world.COLOR_NAMES)} {shape}"
            while n in colored:
                n = f"{self.one(world.COLOR_NAMES)} {self.one(world.SHAPES)}"
            x = a(n)
        elif r < 0.38 and len({i.index for i in shapes}) < N_SHAPES:
            n = self.one([s for k, s in enumerate(world.SHAPES) if k not in {i.index for i in shapes}])
            x = a(n)
        else:
            n = self.absent_thing()
            x = a(n)
        q, g = fill(self.one(EXIST), be=is_are(n).capitalize(), x=(x, None))
        return Turn("existence", q, f"No, there {is_are(n)} no {n}.", "no", g)

    def place(self):
        if not self.unique:
            return None
        item = self.one(self.unique)
        n, patches = self.ref(item)
        q, g = fill(self.one(PLACE), be=is_are(n), x=("the " + n, patches), X=("The " + n, patches))
        return Turn("place", q, f"The {n} {is_are(n)} {world.AT[item.place]}.", item.place, g, item)

    def pairs(self):
        """(b, direction, a): b lies in that direction of a, on the same row or column."""
        out = []
        for p in self.items:
            for q in self.items:
                dx, dy = q.x - p.x, q.y - p.y
                if abs(dy) < 22 and abs(dx) >= 28:
                    out.append((q, "right" if dx > 0 else "left", p))
                elif abs(dx) < 22 and abs(dy) >= 28:
                    out.append((q, "below" if dy > 0 else "above", p))
        return out

    def relation(self, of=None):
        rng, pairs = self.rng, self.pairs()
        r = rng.random()
        if r < 0.08 or of is not None and r < 0.15:
            return self.relation_none(of)
        if of is not None or r < 0.6:
            good = [(b, d, p) for b, d, p in pairs if id(p) in self.refs and (of is None or p is of)
                    and sum(1 for _, e, o in pairs if e == d and o is p) == 1]
            if not good:
                return None
            b, d, p = self.one(good)
            n, m = noun(b), self.ref(p)
            x = ("it", p.patches) if of is not None else ("the " + m[0], p.patches)
            q, g = fill(self.one(REL_WHAT), dir=SIDE_OF[d], x=x)
            name = a(n) if b.kind == WORD else n
            return Turn("relation", q, f"The {n} {is_are(n)} {SIDE_OF[d]} the {m[0]}.", name, g, b)
        good = [(b, d, p) for b, d, p in pairs if id(p) in self.refs and id(b) in self.refs]
        if not good:
            return None
        b, d, p = self.one(good)
        (n, nb), (m, mp) = self.ref(b), self.ref(p)
        other = {"left": "right", "right": "left", "above": "below", "below": "above"}
        if r < 0.82:
            forms = REL_CHOICE["x" if d in ("left", "right") else "y"]
            q, g = fill(self.one(forms), Be=is_are(n).capitalize(), be=is_are(n), x=("the " + n, nb), y=("the " + m, mp))
            return Turn("relation", q, f"The {n} {is_are(n)} {SIDE_OF[d]} the {m}.", d, g, b)
        yes = rng.random() < 0.5
        e = d if yes else other[d] if rng.random() < 0.7 else self.one([k for k in other if k != d])
        q, g = fill(self.one(REL_IS), Be=is_are(n).capitalize(), x=("the " + n, nb), dir=SIDE_OF[e], y=("the " + m, mp))
        return Turn("relation", q, f"{'Yes' if yes else 'No'}, the {n} {is_are(n)} {SIDE_OF[d]} the {m}.",
                    "yes" if yes else "no", g, b)

    def relation_none(self, of):
        far = {"left": lambda o, i: i.x < o.x - 14, "right": lambda o, i: i.x > o.x + 14,
               "above": lambda o, i: i.y < o.y - 14, "below": lambda o, i: i.y > o.y + 14}
        good = [(d, o) for o in self.unique if of is None or o is of for d, f in far.items()
                if not any(f(o, i) for i in self.items if i is not o)]
        if not good:
            return None
        d, o = self.one(good)
        m = self.ref(o)[0]
        q, g = fill(self.one(REL_WHAT), dir=SIDE_OF[d], x=("it" if of is not None else "the " + m, o.patches))
        return Turn("relation", q, f"There is nothing {SIDE_OF[d]} the {m}.", "nothing", g)

    def color(self, of=None):
        items = [i for i in ([of] if of else self.unique) if i.kind != THING]
        by_kind = [i for i in items if i.kind == WORD or world.SHAPES[i.index] in self.refs.get(id(i), ())]
        if of is None and self.rng.random() < 0.3:
            shapes = [i for i in self.items if i.kind == SHAPE]
            if shapes:
                item = self.one(shapes)
                q, g = fill(self.one(COLOR_OF), be="is", x=("the shape " + world.AT[item.place], item.patches))
                c, s = world.COLOR_NAMES[item.color], world.SHAPES[item.index]
                return Turn("color", q, f"The {s} {world.AT[item.place]} is {c}.", c, g, item)
        if of is not None and items:
            q, g = fill(self.one(COLOR_OF), be="is", x=("it", of.patches))
            n = "text" if of.kind == WORD else world.SHAPES[of.index]
        elif by_kind:
            of = self.one(by_kind)
            n = self.one(("text", "word")) if of.kind == WORD else world.SHAPES[of.index]
            if self.rng.random() < 0.15:
                yes = self.rng.random() < 0.5
                c = world.COLOR_NAMES[of.color]
                ask = c if yes else self.one([k for k in world.COLOR_NAMES if k != c])
                q, g = fill("Is {x} " + ask + "?", x=("the " + n, of.patches))
                return Turn("color", q, f"{'Yes' if yes else 'No'}, the {n} is {c}.", "yes" if yes else "no", g, of)
            q, g = fill(self.one(COLOR_OF), be="is", x=("the " + n, of.patches))
        else:
            return None
        c = world.COLOR_NAMES[of.color]
        return Turn("color", q, f"The {n} is {c}.", c, g, of)

    def counting(self):
        r = self.rng.random()
        if r < 0.4:
            n, what, one = len(self.items), "things", "thing"
        elif r < 0.55:
            n, what, one = sum(i.kind == SHAPE for i in self.items), "shapes", "shape"
        else:
            keys = [(i.kind, i.index) for i in self.items if i.kind != WORD]
            dup = [k for k in keys if keys.count(k) > 1]
            if not keys or self.rng.random() < 0.15:
                one = self.absent_thing() if self.rng.random() < 0.5 else self.one(world.SHAPES)
            else:
                kind, index = self.one(dup) if dup and self.rng.random() < 0.7 else self.one(keys)
                one = names()[index] if kind == THING else world.SHAPES[index]
            n, what = sum((names()[k] if t == THING else world.SHAPES[k]) == one for t, k in keys), plural(one)
        have = [i.patches for i in self.items if one == "thing" or (one == "shape" and i.kind == SHAPE)
                or (i.kind == THING and names()[i.index] == one) or (i.kind == SHAPE and world.SHAPES[i.index] == one)]
        q, g = fill(self.one(COUNT), x=(what, np.any(have, 0) if have else None))
        if n == 1:
            text = f"There {is_are(one)} one {one}."
        else:
            text = f"There are {world.NUMBERS[n] if n else 'no'} {what}."
        return Turn("counting", q, text, world.NUMBERS[n], g)

    def words(self):
        item = next((i for i in self.items if i.kind == WORD), None)
        if item is None:
            return Turn("words", self.one(TEXT), "There is no text in the image.", "none") if self.rng.random() < 0.08 else None
        return Turn("words", self.one(TEXT), f'The text says "{world.WORDS[item.index]}".', world.WORDS[item.index], [], item)

    def describe(self):
        parts = [f"{a(noun(i))} {world.AT[i.place]}" for i in self.items]
        text = ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]
        short = ", ".join(a(noun(i)) if i.kind == WORD else noun(i) for i in self.items)
        return Turn("describe", self.one(DESCRIBE), text[0].upper() + text[1:] + ".", short, [], self.items[0])

    def smalltalk(self):
        q, text, short = self.one(SMALLTALK)
        return Turn("smalltalk", q, text, short)

    def follow_up(self, before):
        """A turn that leans on the one before: it, what about."""
        item, r = before.target, self.rng.random()
        if before.kind == "naming" and r < 0.35:
            turn = self.naming()
            if len(turn.grounds) != 1 or not turn.target:
                return None
            place = (world.AT[turn.target.place], turn.target.patches)
            turn.question, turn.grounds = fill(self.one(NEXT_PLACE), place=place)
            return turn
        if item is None or before.kind not in ("naming", "relation", "place", "color", "words", "existence"):
            return None
        if r < 0.5 and id(item) in self.refs and before.kind != "place":
            n = self.ref(item)[0]
            if before.kind in ("naming", "relation") and is_are(n) == "are":
                return None
            q, g = fill("Where is {x}?", x=("it", item.patches))
            return Turn("place", q, f"The {n} {is_are(n)} {world.AT[item.place]}.", item.place, g, item)
        if r < 0.65 and item.kind != THING and before.kind != "color":
            return self.color(of=item)
        return self.relation(of=item) if id(item) in self.refs else None


KINDS = {"naming": 2.0, "existence": 1.8, "place": 1.4, "relation": 2.6, "color": 0.8, "counting": 1.1, "words": 2.6,
         "describe": 0.4, "smalltalk": 0.03}


def ask(items, rng, kind=None, weights=KINDS):
    asker = Asker(items, rng)
    kinds, p = list(weights), np.array(list(weights.values()))
    while True:
        turn = getattr(asker, kind or kinds[rng.choice(len(kinds), p=p / p.sum())])()
        if turn is not None or kind:
            return turn


def conversation(items, rng, turns, weights=KINDS):
    asker = Asker(items, rng)
    out = [ask(items, rng, None, weights)]
    for _ in range(turns - 1):
        turn = asker.follow_up(out[-1]) if rng.random() < 0.7 else None
        out.append(turn or ask(items, rng, None, weights))
    return out
