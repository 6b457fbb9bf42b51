// The cursor of a generation, array<u32>, by index; src/ops/cursor.ts tells what each number means.
const POSITION = 0u;
const TOKEN = 1u;
const STEP = 2u;
const FAULT = 3u;
