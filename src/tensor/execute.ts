import { BeagleError } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import type { Compiled } from '../gpu/kernels.ts'
import { halfToFloat } from './half.ts'
import { type Command, Pass } from './pass.ts'
import { bytesOf, type ElementType, sizeOf, type Tensor } from './tensor.ts'

const slot = 256

interface Bound {
  compiled: Compiled
  group: GPUBindGroup
  grid: [number, number?, number?]
}

type Encodable = Bound | Exclude<Command, { compiled: Compiled }>

/** Commands over static buffers, encoded anew at each replay; nothing is created per replay but the command buffer. */
export interface Recording {
  readonly dispatches: number
  /** Submits the commands once; `after` may add copies behind them. */
  replay(after?: (encoder: GPUCommandEncoder) => void): void
  /** Gives the recording's scratch and parameters back. */
  dispose(): void
}

/**
 * Runs `body` as one submit, `after` adding copies behind it. Kernels that are not compiled yet are compiled first and `body` is called again, so it must do
 * nothing but add to its pass.
 */
export async function execute(
  gpu: Gpu,
  label: string,
  body: (pass: Pass) => void,
  after?: (encoder: GPUCommandEncoder) => void,
): Promise<void> {
  const pass = await complete(gpu, label, body)
  watched(gpu, label, () => submit(gpu, label, bindAll(gpu, pass, liveParams(gpu, pass.commands.length)), after))
  pass.end()
}

/** Runs `body` as one submit and reads the tensors that it returns. */
export async function executeAndRead<K extends string>(
  gpu: Gpu,
  label: string,
  body: (pass: Pass) => Record<K, Tensor>,
): Promise<Record<K, Float32Array | Uint32Array>> {
  let wanted = {} as Record<K, Tensor>
  const pass = await complete(gpu, label, (p) => {
    wanted = body(p)
  })
  const staged: [K, Tensor, GPUBuffer][] = Object.entries(wanted).map(([name, value]) => {
    const tensor = value as Tensor
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
    return [name as K, tensor, gpu.memory.create(`read ${name}`, bytesOf(tensor.shape, tensor.type), 'transfer', usage)]
  })
  watched(gpu, label, () =>
    submit(gpu, label, bindAll(gpu, pass, liveParams(gpu, pass.commands.length)), (encoder) => {
      for (const [, tensor, staging] of staged) encoder.copyBufferToBuffer(tensor.buffer, 0, staging, 0, staging.size)
    }),
  )
  pass.end()
  const results = await Promise.all(
    staged.map(async ([name, tensor, staging]) => {
      await mapForReading(gpu, staging)
      const bytes = staging.getMappedRange().slice(0)
      gpu.memory.destroy(staging)
      return [name, elements(bytes, tensor)] as const
    }),
  )
  return Object.fromEntries(results) as Record<K, Float32Array | Uint32Array>
}

/** Records `body` for many replays. Until `dispose` its scratch may be lent between two replays, but stays. */
export async function record(gpu: Gpu, label: string, body: (pass: Pass) => void): Promise<Recording> {
  const pass = await complete(gpu, label, body)
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST
  const params = gpu.memory.create(`${label} parameters`, Math.max(1, pass.commands.length) * slot, 'state', usage)
  const commands = watched(gpu, label, () => bindAll(gpu, pass, params))
  const bound = pass.commands.flatMap((command) => ('buffers' in command ? Object.values(command.buffers) : []))
  const buffers = bound.map(({ buffer }) => buffer)
  gpu.memory.pin(buffers)
  const held = pass.end(true)
  return {
    dispatches: commands.filter((command) => 'compiled' in command).length,
    replay: (after) => submit(gpu, label, commands, after),
    dispose: () => {
      gpu.memory.unpin(buffers)
      gpu.memory.giveBack(held)
      gpu.memory.destroy(params)
    },
  }
}

/** Compiles the kernels that `bodies` need, without running anything. */
export async function prepare(
  gpu: Gpu,
  bodies: ((pass: Pass) => void)[],
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  const missing = bodies.flatMap((body) => {
    const pass = new Pass(gpu, 'prepare')
    body(pass)
    pass.end()
    return pass.missing
  })
  await gpu.kernels.compile(missing, onProgress)
}

/** Maps a staging buffer; a lost device or a failed command becomes its typed error, never zeros. */
export async function mapForReading(gpu: Gpu, staging: GPUBuffer): Promise<void> {
  try {
    await staging.mapAsync(GPUMapMode.READ)
  } catch (cause) {
    await Promise.race([gpu.lost, new Promise((resolve) => setTimeout(resolve, 1000))])
    gpu.check()
    throw new BeagleError('gpu-validation', `Reading ${staging.label} back failed: ${(cause as Error).message}`, {
      cause,
    })
  }
  gpu.check()
}

/** A tensor that lives until its owner destroys its buffer; zeroed. */
export function stateTensor(gpu: Gpu, label: string, shape: readonly number[], type: ElementType = 'f32'): Tensor {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
  return { buffer: gpu.memory.create(label, bytesOf(shape, type), 'state', usage), shape, type }
}

/** Writes `values` to the front of `tensor`, ordered with the submits. */
export function upload(gpu: Gpu, tensor: Tensor, values: Float32Array | Uint32Array | Uint16Array): void {
  gpu.check()
  gpu.device.queue.writeBuffer(tensor.buffer, 0, values as Float32Array<ArrayBuffer>)
}

async function complete(gpu: Gpu, label: string, body: (pass: Pass) => void): Promise<Pass> {
  for (;;) {
    gpu.check()
    const pass = new Pass(gpu, label)
    try {
      body(pass)
    } catch (error) {
      pass.end()
      throw error
    }
    if (pass.missing.length === 0) return pass
    pass.end()
    await gpu.kernels.compile(pass.missing)
  }
}

const liveBuffers = new WeakMap<Gpu, GPUBuffer>()

/** The parameters of passes that run once; writes and submits are ordered, so one buffer serves them all. */
function liveParams(gpu: Gpu, count: number): GPUBuffer {
  const known = liveBuffers.get(gpu)
  if (known && known.size >= count * slot) return known
  if (known) gpu.memory.destroy(known)
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST
  const buffer = gpu.memory.create('parameters', Math.max(64, 2 * count) * slot, 'transfer', usage)
  liveBuffers.set(gpu, buffer)
  return buffer
}

/** Validation errors of `work` become the device's failure under the operation's name. */
function watched<T>(gpu: Gpu, label: string, work: () => T): T {
  gpu.device.pushErrorScope('validation')
  const result = work()
  const seen = gpu.device.popErrorScope().then((error) => {
    if (error)
      gpu.fail(new BeagleError('gpu-validation', `The GPU refused "${label}": ${error.message}`, { cause: error }))
  })
  seen.catch(() => {})
  return result
}

function bindAll(gpu: Gpu, pass: Pass, paramsBuffer: GPUBuffer): Encodable[] {
  const values = new DataView(new ArrayBuffer(Math.max(1, pass.commands.length) * slot))
  const encodables = pass.commands.map((command, i): Encodable => {
    if (!('compiled' in command)) return command
    const { compiled, buffers, params, grid } = command
    compiled.params.forEach(({ name, type }, k) => {
      const value = params[name]!
      if (type === 'f32') values.setFloat32(i * slot + 4 * k, value, true)
      else values.setUint32(i * slot + 4 * k, value, true)
    })
    const entries: GPUBindGroupEntry[] = [...compiled.bindings].map(([name, { index }]) => ({
      binding: index,
      resource: { buffer: buffers[name]!.buffer },
    }))
    if (compiled.paramsIndex >= 0) {
      const size = Math.ceil((4 * compiled.params.length) / 16) * 16
      entries.push({ binding: compiled.paramsIndex, resource: { buffer: paramsBuffer, offset: i * slot, size } })
    }
    gpu.counters.bindGroups++
    return {
      compiled,
      group: gpu.device.createBindGroup({ label: compiled.label, layout: compiled.layout, entries }),
      grid,
    }
  })
  gpu.device.queue.writeBuffer(paramsBuffer, 0, values.buffer)
  return encodables
}

function submit(gpu: Gpu, label: string, commands: Encodable[], after?: (encoder: GPUCommandEncoder) => void): void {
  gpu.check()
  const encoder = gpu.device.createCommandEncoder({ label })
  let pass: GPUComputePassEncoder | undefined
  const endPass = () => {
    pass?.end()
    pass = undefined
  }
  for (const command of commands) {
    if ('compiled' in command) {
      if (gpu.timing.running) endPass()
      pass ??= encoder.beginComputePass(gpu.timing.next(command.compiled.label) ?? { label })
      pass.setPipeline(command.compiled.pipeline)
      pass.setBindGroup(0, command.group)
      pass.dispatchWorkgroups(...command.grid)
      gpu.counters.dispatches++
    } else if ('clear' in command) {
      endPass()
      encoder.clearBuffer(command.clear)
    } else {
      endPass()
      encoder.copyBufferToBuffer(command.from, command.fromOffset, command.to, command.toOffset, command.bytes)
    }
  }
  endPass()
  after?.(encoder)
  gpu.device.queue.submit([encoder.finish()])
  gpu.counters.submits++
}

function elements(bytes: ArrayBuffer, tensor: Tensor): Float32Array | Uint32Array {
  const size = sizeOf(tensor.shape)
  if (tensor.type === 'u32') return new Uint32Array(bytes, 0, size)
  if (tensor.type === 'f32') return new Float32Array(bytes, 0, size)
  return Float32Array.from(new Uint16Array(bytes, 0, size), halfToFloat)
}
