import { sums } from '../src/ops/add.ts'
import type { Operand, Pass } from '../src/tensor/pass.ts'
import { Tape } from '../src/tensor/tape.ts'
import type { Tensor } from '../src/tensor/tensor.ts'

/**
 * Adds to `pass` only what the gradient of `wanted` runs, an activation of `operation`, and gives it. The forward pass is not run, so
 * that `operation` must save nothing but its inputs.
 */
export function activationGradient(pass: Pass, wanted: Tensor, dy: Tensor, operation: () => Tensor): Tensor {
  const tape = new Tape(new Map(), sums)
  tape.watch(wanted)
  return backwardOnly(pass, tape, dy, operation).get(wanted)!
}

/** The same for a parameter: its gradient, added to zeros. */
export function parameterGradient(pass: Pass, wanted: Tensor, dy: Tensor, operation: () => Tensor): Tensor {
  const into = pass.scratch(wanted.shape)
  pass.clear(into)
  backwardOnly(pass, new Tape(new Map<Operand, Tensor>([[wanted, into]]), sums), dy, operation)
  return into
}

function backwardOnly(pass: Pass, tape: Tape, dy: Tensor, operation: () => Tensor): Map<Tensor, Tensor> {
  pass.tape = tape
  const before = pass.commands.length
  const y = operation()
  pass.commands.length = before
  const flows = tape.backward(pass, y, dy)
  pass.tape = undefined
  return flows
}
