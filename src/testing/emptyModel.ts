import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { goldenBytes, goldenJson } from './models.ts'
import { storiesFiles } from './stories.ts'

/** A Llama of zeros whose file is as large as it says (200 MB), though the disk holds only its header. */
export async function writeEmptyModel(folder: string): Promise<{ largest: number; total: number }> {
  const [width, ffn, vocab, layers] = [1024, 4096, 512, 3]
  const shapes: Record<string, number[]> = { 'model.embed_tokens.weight': [vocab, width], 'model.norm.weight': [width] }
  for (let i = 0; i < layers; i++) {
    for (const part of ['q', 'k', 'v', 'o']) shapes[`model.layers.${i}.self_attn.${part}_proj.weight`] = [width, width]
    for (const part of ['gate', 'up']) shapes[`model.layers.${i}.mlp.${part}_proj.weight`] = [ffn, width]
    shapes[`model.layers.${i}.mlp.down_proj.weight`] = [width, ffn]
    for (const part of ['input', 'post_attention']) shapes[`model.layers.${i}.${part}_layernorm.weight`] = [width]
  }
  let total = 0
  const sizes = Object.values(shapes).map((shape) => 4 * shape.reduce((product, n) => product * n, 1))
  const header = Object.entries(shapes).map(([key, shape], i) => {
    const begin = total
    total += sizes[i]!
    return [key, { dtype: 'F32', shape, data_offsets: [begin, total] }]
  })
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  const path = join(folder, 'model.safetensors')
  writeFileSync(path, Buffer.concat([length, json]))
  truncateSync(path, 8 + json.length + total)
  for (const file of await storiesFiles(async (file) => goldenBytes(`stories260k/${file}`))) {
    if (file.name.startsWith('tokenizer')) writeFileSync(join(folder, file.name), await file.text())
  }
  const config = {
    ...goldenJson<object>('stories260k/config.json'),
    ...{ hidden_size: width, intermediate_size: ffn, vocab_size: vocab, num_hidden_layers: layers },
    ...{ num_attention_heads: 16, num_key_value_heads: 16 },
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  return { largest: Math.max(...sizes), total }
}
