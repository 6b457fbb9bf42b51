import { BeagleError } from '../errors.ts'
import type { Gpu } from '../gpu/device.ts'
import type { Compiled } from '../gpu/kernels.ts'
import type { Kernel } from '../gpu/wgsl.ts'
import { bytesOf, type ElementType, type Tensor } from './tensor.ts'
import type { Weight } from './weight.ts'

type Grid = [x: number, y?: number, z?: number]

interface Dispatch {
  compiled: Compiled
  buffers: Record<string, { buffer: GPUBuffer }>
  params: Record<string, number>
  grid: Grid
}

interface Copy {
  from: GPUBuffer
  fromOffset: number
  to: GPUBuffer
  toOffset: number
  bytes: number
}

interface Clear {
  clear: GPUBuffer
}

export type Command = Dispatch | Copy | Clear

/** What an operation reads: activations and small parameters are tensors, matrices are weights. */
export type Operand = Tensor | Weight

/** Inputs by name; optional ones may be absent. */
export type Inputs = Record<string, Operand | undefined>

/**
 * How the gradient of one input comes about: computed anew (activations), added to what is there (parameters), or `null`, the stated
 * decision that there is none.
 */
export type Gradient = (() => Tensor) | { add: (into: Tensor) => void } | null

/** A gradient for every input of the operation; leaving one out does not compile. */
export type Gradients<I extends Inputs> = { [Name in keyof I]-?: Gradient }

/** What a backward pass gives an operation: the gradient of its result, and what its forward pass saved. */
export interface Arrival<S> {
  pass: Pass
  dy: Tensor
  saved: S
}

/** What a pass asks of its tape; see `Tape`. */
export interface Recorder {
  follows(...operands: (Operand | undefined)[]): boolean
  holds(buffer: GPUBuffer): boolean
  record<I extends Inputs, S extends Inputs>(
    inputs: I,
    y: Tensor,
    saved: S,
    gradients: (arrival: Arrival<S>) => Gradients<I>,
  ): void
  recomputed(pass: Pass, x: Tensor, body: (pass: Pass, x: Tensor) => Tensor): Tensor
}

/**
 * Collects the commands of one submit. Operations take a pass first, then their tensors; what they return is scratch,
 * which goes back to the pool when the pass (or the `scope` around it) ends: commands run in order, so its buffers may be
 * used again at once.
 */
export class Pass {
  readonly commands: Command[] = []
  /** Kernels that a command needs and that are not compiled; the pass must not be submitted while there are any. */
  readonly missing: Kernel[] = []
  /** Where operations record themselves for a backward pass. What it holds stays, whatever `scope` and `drop` say. */
  tape: Recorder | undefined
  private lent = new Set<GPUBuffer>()

  constructor(
    readonly gpu: Gpu,
    readonly label: string,
  ) {}

  /** A tensor with undefined content, for as long as the pass or the scope lasts. */
  scratch(shape: readonly number[], type: ElementType = 'f32'): Tensor {
    const buffer = this.gpu.memory.lend(bytesOf(shape, type))
    this.lent.add(buffer)
    return { buffer, shape, type }
  }

  /** Gives back the scratch that `body` took, but for what it returns. */
  scope<T extends Tensor | readonly Tensor[]>(body: () => T): T {
    const outer = this.lent
    this.lent = new Set()
    const result = body()
    const results: readonly Tensor[] = 'buffer' in result ? [result] : result
    const kept = new Set(results.map((tensor) => tensor.buffer))
    for (const buffer of this.lent) {
      if (kept.has(buffer) || this.tape?.holds(buffer)) outer.add(buffer)
      else this.gpu.memory.giveBack([buffer])
    }
    this.lent = outer
    return result
  }

  /** Gives back one tensor before its scope ends; the commands added so far may still read it. */
  drop(tensor: Tensor): void {
    if (this.tape?.holds(tensor.buffer)) return
    if (this.lent.delete(tensor.buffer)) this.gpu.memory.giveBack([tensor.buffer])
  }

  /**
   * Adds a dispatch. `buffers` and `params` go by their WGSL names; a wrong or missing name is an error that lists the right
   * ones. `grid` counts workgroups.
   */
  run(
    kernel: Kernel,
    buffers: Record<string, { buffer: GPUBuffer }>,
    params: Record<string, number>,
    grid: Grid,
  ): void {
    const compiled = this.gpu.kernels.get(kernel)
    if (!compiled) {
      this.missing.push(kernel)
      return
    }
    checkNames(compiled.label, 'buffers', Object.keys(buffers), [...compiled.bindings.keys()])
    const names = compiled.params.map((param) => param.name)
    checkNames(compiled.label, 'params', Object.keys(params), names)
    const most = this.gpu.device.limits.maxComputeWorkgroupsPerDimension
    if (grid.some((count) => (count ?? 1) > most)) {
      throw new BeagleError(
        'bad-argument',
        `${compiled.label}: a grid of [${grid}] workgroups, the device allows ${most} each way.`,
      )
    }
    if (grid.every((count) => (count ?? 1) > 0)) this.commands.push({ compiled, buffers, params, grid })
  }

  /** Copies `bytes` (a multiple of 4), by default all of `from`, between tensors; offsets are in bytes. */
  copy(from: Tensor, to: Tensor, bytes = bytesOf(from.shape, from.type), fromOffset = 0, toOffset = 0): void {
    this.commands.push({ from: from.buffer, fromOffset, to: to.buffer, toOffset, bytes })
  }

  /** Sets all bytes of a tensor to zero. */
  clear(tensor: Tensor): void {
    this.commands.push({ clear: tensor.buffer })
  }

  /** Ends the pass: its scratch goes back to the pool, or to the caller, who must give it back. */
  end(keepScratch = false): GPUBuffer[] {
    const held = [...this.lent]
    this.lent.clear()
    if (keepScratch) return held
    this.gpu.memory.giveBack(held)
    return []
  }
}

function checkNames(label: string, what: string, given: string[], expected: string[]): void {
  const wrong = given.filter((name) => !expected.includes(name))
  const absent = expected.filter((name) => !given.includes(name))
  if (wrong.length + absent.length === 0) return
  const parts = [
    wrong.length ? `does not know ${wrong.join(', ')}` : '',
    absent.length ? `lacks ${absent.join(', ')}` : '',
  ]
  throw new BeagleError(
    'bad-argument',
    `${label}: ${what} expected are ${expected.join(', ')}; it ${parts.filter(Boolean).join(' and ')}.`,
  )
}
