"""The art of every named thing in every style, rasterised once: <work>/art/<style>/<index>.png, trimmed RGBA.

Styles noto, fluent, flat and fluent3d are for training; twemoji is only ever for testing.
"""
import json
import os
import subprocess

from PIL import Image, ImageDraw, ImageFont

import world

TRAIN_STYLES = ["noto", "fluent", "flat", "fluent3d"]
NOTO = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
SIZE = 256


def first_existing(paths):
    for p in paths:
        if os.path.exists(p):
            return p
    raise FileNotFoundError(paths[0])


def sources(style, ch, name, full):
    code = f"{ord(ch):x}"
    if style in ("fluent", "flat"):
        folder = {"fluent": "modern", "flat": "flat"}[style]
        names = [n.lower().replace(" ", "-") for n in (full, name)]
        return [world.npm_path("fluentui-emoji", "icons", folder, n + ".svg") for n in names]
    if style == "twemoji":
        return [world.npm_path("@twemoji", "svg", code + ".svg")]
    return [world.npm_path("@lobehub", "fluent-emoji-3d", "assets", c + ".webp") for c in (code, code + "-fe0f")]


def trimmed(image):
    image = image.convert("RGBA")
    return image.crop(image.getchannel("A").point(lambda a: 255 if a > 12 else 0).getbbox())


def main():
    emoji_json = world.npm_path("unicode-emoji-json", "data-by-emoji.json")
    table = json.load(open(emoji_json, encoding="utf-8"))
    things = world.thing_names(emoji_json)
    jobs = []
    for style in TRAIN_STYLES + ["twemoji"]:
        os.makedirs(world.work_path("art", style), exist_ok=True)
    font = ImageFont.truetype(NOTO, 109)
    for i, (ch, name) in enumerate(things):
        full = (table.get(ch) or table[ch + "\ufe0f"])["name"]
        canvas = Image.new("RGBA", (160, 160), (0, 0, 0, 0))
        ImageDraw.Draw(canvas).text((12, 12), ch, font=font, embedded_color=True)
        trimmed(canvas).save(world.work_path("art", "noto", f"{i}.png"))
        trimmed(Image.open(first_existing(sources("fluent3d", ch, name, full)))).save(
            world.work_path("art", "fluent3d", f"{i}.png"))
        for style in ("fluent", "flat", "twemoji"):
            svg = first_existing(sources(style, ch, name, full))
            jobs.append({"svg": svg, "png": world.work_path("art", style, f"{i}.png"), "size": SIZE})
    jobs_file = world.work_path("jobs.json")
    json.dump(jobs, open(jobs_file, "w"))
    here = os.path.dirname(os.path.abspath(__file__))
    subprocess.run(["node", os.path.join(here, "raster.mjs"), jobs_file], check=True)
    for job in jobs:
        trimmed(Image.open(job["png"])).save(job["png"])
    json.dump([name for _, name in things], open(world.work_path("things.json"), "w"))
    print(len(things), "things x", len(TRAIN_STYLES) + 1, "styles")


if __name__ == "__main__":
    main()
