// Rasterises the SVG art of the named things: node raster.mjs JOBS.json
// JOBS: [{svg, png, size}]. Needs npm @resvg/resvg-js in POCKET_NPM (see README).
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

const require = createRequire(resolve(process.env.POCKET_NPM ?? "node_modules", "x.js"));
const { Resvg } = require("@resvg/resvg-js");

for (const { svg, png, size } of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const image = new Resvg(readFileSync(svg, "utf8"), { fitTo: { mode: "width", value: size } });
  writeFileSync(png, image.render().asPng());
}
