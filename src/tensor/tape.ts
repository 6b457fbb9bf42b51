import { BeagleError } from '../errors.ts'
import type { Arrival, Gradients, Inputs, Operand, Pass, Recorder } from './pass.ts'
import type { Tensor } from './tensor.ts'

interface Node {
  inputs: Inputs
  y: Tensor
  saved: Record<string, Operand | undefined>
  gradients: (arrival: Arrival<never>) => Gradients<Inputs>
}

/** The two sums that a backward pass makes itself, where a value is used twice and where a parameter is used as an activation. */
export interface Sums {
  /** x + y, a new tensor. */
  sum(pass: Pass, x: Tensor, y: Tensor): Tensor
  /** into += x */
  addTo(pass: Pass, x: Tensor, into: Tensor): void
}

const isTensor = (operand: Operand): operand is Tensor => 'buffer' in operand

/**
 * Records what a pass computes, as far as it depends on a trainable tensor, and computes gradients backwards. Operations record
 * themselves (`pass.tape?.record`), so the code of a model is the same with a tape and without. Saved activations stay on the GPU
 * until their operation's gradient is known.
 */
export class Tape implements Recorder {
  private nodes: Node[] = []
  private readonly live = new Set<Operand>()
  /** How many reasons there are to keep a buffer. */
  private readonly held = new Map<GPUBuffer, number>()

  /** `parameters`: each trainable tensor with the f32 tensor, laid out alike, to which its gradient is added. */
  constructor(
    private readonly parameters: ReadonlyMap<Operand, Tensor>,
    private readonly sums: Sums,
  ) {}

  /** Whether a gradient must reach any of these. */
  follows(...operands: (Operand | undefined)[]): boolean {
    return operands.some((operand) => operand && (this.parameters.has(operand) || this.live.has(operand)))
  }

  /** Takes `x` for a leaf: `backward` gives its gradient back. */
  watch(x: Tensor): void {
    this.live.add(x)
  }

  /** Whether the content of a buffer is still needed. */
  holds(buffer: GPUBuffer): boolean {
    return this.held.has(buffer)
  }

  /**
   * Remembers that `y` comes from `inputs`; does nothing where no gradient must reach them. Only `saved` is kept for the backward
   * pass: `gradients` must take from it what it needs.
   */
  record<I extends Inputs, S extends Record<string, Operand | undefined>>(
    inputs: I,
    y: Tensor,
    saved: S,
    gradients: (arrival: Arrival<S>) => Gradients<I>,
  ): void {
    if (!this.follows(...Object.values(inputs))) return
    this.live.add(y)
    for (const operand of Object.values(saved)) if (operand && isTensor(operand)) this.hold(operand.buffer)
    this.nodes.push({ inputs, y, saved, gradients: gradients as Node['gradients'] })
  }

  /**
   * Runs `body` without keeping its activations; the backward pass runs it again. `x` is the only tensor it may read that leads to
   * a trainable one. Chen et al. 2016, arXiv:1604.06174.
   */
  recomputed(pass: Pass, x: Tensor, body: (pass: Pass, x: Tensor) => Tensor): Tensor {
    pass.tape = undefined
    const y = pass.scope(() => body(pass, x))
    pass.tape = this
    this.record({ x }, y, { x }, ({ dy }) => ({ x: () => this.again(pass, x, dy, body) }))
    return y
  }

  private again(pass: Pass, x: Tensor, dy: Tensor, body: (pass: Pass, x: Tensor) => Tensor): Tensor {
    const outer = pass.tape
    const inner = new Tape(this.parameters, this.sums)
    const leaf = { ...x }
    inner.watch(leaf)
    pass.tape = inner
    try {
      const y = body(pass, leaf)
      return inner.backward(pass, y, dy).get(leaf)!
    } finally {
      pass.tape = outer
    }
  }

  /**
   * Gradients of the watched tensors, from `dy`, that of `y`; parameters get theirs added. The tape is empty afterwards. Throws
   * `bad-argument` where nothing trainable leads to `y`.
   */
  backward(pass: Pass, y: Tensor, dy: Tensor): Map<Tensor, Tensor> {
    if (!this.live.has(y)) throw new BeagleError('bad-argument', 'Nothing that is trained leads to the loss.')
    const arrived = new Map<Operand, Tensor>([[y, dy]])
    // Once for its own sake: it stays the caller's.
    this.hold(dy.buffer)
    this.hold(dy.buffer)
    pass.tape = undefined
    for (let node = this.nodes.pop(); node; node = this.nodes.pop()) {
      const dy = arrived.get(node.y)
      if (dy) {
        arrived.delete(node.y)
        this.visit(pass, node, dy, arrived)
        this.release(pass, dy)
      }
      for (const operand of Object.values(node.saved)) if (operand && isTensor(operand)) this.release(pass, operand)
    }
    pass.tape = this
    this.letGo(dy.buffer)
    for (const tensor of arrived.values()) this.letGo(tensor.buffer)
    this.live.clear()
    return arrived as Map<Tensor, Tensor>
  }

  private visit(pass: Pass, node: Node, dy: Tensor, arrived: Map<Operand, Tensor>): void {
    const flows: [Operand, Tensor][] = []
    pass.scope(() => {
      const gradients = node.gradients({ pass, dy, saved: node.saved as never })
      for (const [name, operand] of Object.entries(node.inputs)) {
        if (!operand || !this.follows(operand)) continue
        const gradient = gradients[name]
        if (!gradient) throw new BeagleError('bad-argument', `No gradient reaches "${name}", which must be trained.`)
        const into = this.parameters.get(operand)
        if (typeof gradient === 'function') {
          const flow = gradient()
          if (into) this.sums.addTo(pass, flow, into)
          else flows.push([operand, flow])
        } else if (into) gradient.add(into)
        else throw new BeagleError('bad-argument', `"${name}" takes its gradient as a parameter, but it is computed.`)
      }
      return flows.map(([, flow]) => flow)
    })
    for (const [operand, flow] of flows) this.arrive(pass, operand, flow, arrived)
  }

  private arrive(pass: Pass, operand: Operand, flow: Tensor, arrived: Map<Operand, Tensor>): void {
    const before = arrived.get(operand)
    const total = before ? this.sums.sum(pass, before, flow) : flow
    this.hold(total.buffer)
    if (before) {
      this.release(pass, before)
      if (!this.held.has(flow.buffer)) pass.drop(flow)
    }
    arrived.set(operand, total)
  }

  private hold(buffer: GPUBuffer): void {
    this.held.set(buffer, (this.held.get(buffer) ?? 0) + 1)
  }

  private letGo(buffer: GPUBuffer): void {
    const reasons = (this.held.get(buffer) ?? 1) - 1
    if (reasons > 0) this.held.set(buffer, reasons)
    else this.held.delete(buffer)
  }

  private release(pass: Pass, tensor: Tensor): void {
    this.letGo(tensor.buffer)
    if (!this.held.has(tensor.buffer)) pass.drop(tensor)
  }
}
