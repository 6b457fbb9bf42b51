"""What exists in the pocket model's world: named things, shapes, colours, words and places.

The names of things are those of `unicode-emoji-json`; RENAME shortens the few whose name is long.
"""
import json
import os

THINGS = (
    "🐈🐕🐎🐄🐖🐘🦒🐇🐢🐍🐙🦀🐟🐬🦈🐧🦉🦆🐓🦋🐝🐞🐌🦁🐅🐻🐼🐒🐸🐊🦓🐪🦔🦊🦅🦇🦩🦜"
    "🍎🍌🍇🍓🍒🍉🍍🍋🍅🥕🌽🥦🍄🥑🧀🍕🍔🌭🍟🥚🍩🍪🎂🥨🍦"
    "🚗🚌🚲🚂🚀🚁⛵🚜🎈🎁🎸🎹🥁🎺⚽🏀🏆🔑🔒🔔📷📺💻⌚💡🔨🧲📖✏☂👑🎩👓👟👕🧦💍💎"
    "🪑🚪🏠🏰🌲🌵🌹🌻🍁☀🌙☁🌈❄⛄🔥⚓🧸🤖👻🎃💀🎲✂"
)
RENAME = {
    "honeybee": "bee", "lady beetle": "ladybug", "red apple": "apple", "ear of corn": "corn",
    "cheese wedge": "cheese", "french fries": "fries", "birthday cake": "cake", "soft ice cream": "ice cream",
    "automobile": "car", "locomotive": "train", "wrapped gift": "gift", "musical keyboard": "piano",
    "light bulb": "light bulb", "top hat": "hat",
    "running shoe": "shoe", "t-shirt": "shirt", "gem stone": "gem", "evergreen tree": "tree",
    "maple leaf": "leaf", "crescent moon": "moon", "snowman without snow": "snowman", "jack-o-lantern": "pumpkin",
    "game die": "die", "open book": "book", "locked": "lock",
    "two-hump camel": "camel", "hamburger": "burger", "doughnut": "donut", "wrist watch": "watch",
}
PLURAL_ONLY = {"grapes", "cherries", "fries", "glasses", "socks", "scissors"}
UNCOUNTED = {"corn", "broccoli", "cheese", "fire"}

SHAPES = ["circle", "square", "triangle", "star", "heart", "diamond", "cross", "hexagon"]
COLORS = {
    "red": (215, 38, 40), "orange": (250, 140, 20), "yellow": (250, 220, 40), "green": (45, 160, 60),
    "blue": (40, 85, 215), "purple": (130, 50, 175), "pink": (250, 140, 190), "brown": (125, 75, 35),
    "black": (22, 22, 24), "white": (248, 248, 248),
}
COLOR_NAMES = list(COLORS)

WORDS = (
    "hello love yes no stop open exit sale free new good best time life home work play help food music happy "
    "peace dream smile party wow hi bye go up down big small hot cold day night red blue north south east west "
    "left right win lucky hope magic world earth water light dark city park shop bank taxi hotel cafe menu lunch tea milk "
    "sugar salt push pull enter start end next back fast slow quiet danger now here you we team code data "
    "king queen sing zoo jazz rock art"
).split()

# Nine places; the ones in the four corners are the commonest.
PLACES = {
    (0, 0): "top left", (0, 1): "top", (0, 2): "top right",
    (1, 0): "left", (1, 1): "center", (1, 2): "right",
    (2, 0): "bottom left", (2, 1): "bottom", (2, 2): "bottom right",
}
AT = {
    "top left": "in the top left", "top": "at the top", "top right": "in the top right",
    "left": "on the left", "center": "in the center", "right": "on the right",
    "bottom left": "in the bottom left", "bottom": "at the bottom", "bottom right": "in the bottom right",
}
NUMBERS = ["zero", "one", "two", "three", "four"]


def thing_names(emoji_json):
    with open(emoji_json, encoding="utf-8") as f:
        table = json.load(f)
    out = []
    for ch in split_emoji(THINGS):
        entry = table.get(ch) or table[ch + "\ufe0f"]
        out.append((ch, RENAME.get(entry["name"], entry["name"])))
    return out


def split_emoji(text):
    return [c for c in text if c != "\ufe0f"]


def npm_path(*parts):
    """Where the npm packages of the recipe are; see README."""
    return os.path.join(os.environ.get("POCKET_NPM", "node_modules"), *parts)


def work_path(*parts):
    """Where caches, checkpoints and logs go: never into the repository."""
    root = os.environ.get("POCKET_WORK", "pocket-work")
    os.makedirs(root, exist_ok=True)
    return os.path.join(root, *parts)
