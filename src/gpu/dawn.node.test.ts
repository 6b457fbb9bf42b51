import { expect, it } from 'vitest'
import { nodeAdapter, nodeGpu } from '../testing/nodeGpu.ts'
import { chooseDrivers } from './dawn.node.ts'

const radeon = { path: '/usr/share/vulkan/icd.d/radeon_icd.x86_64.json', version: '1.3.230' }
const lavapipe = { path: '/usr/share/vulkan/icd.d/lvp_icd.json', version: '1.4.305' }
const lavapipe22 = { path: '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json', version: '1.3.230' }
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json'

it('leaves the choice to the loader where a usable software driver is installed', () => {
  expect(chooseDrivers([radeon, lavapipe], swiftShader)).toBeUndefined()
})

it('puts SwiftShader in the place of a lavapipe that is too old', () => {
  expect(chooseDrivers([radeon, lavapipe22], swiftShader)).toEqual([radeon.path, swiftShader])
})

it('adds SwiftShader where no software driver is installed', () => {
  expect(chooseDrivers([], swiftShader)).toEqual([swiftShader])
  expect(chooseDrivers([radeon], swiftShader)).toEqual([radeon.path, swiftShader])
})

it('leaves a lavapipe that is too old out even without SwiftShader', () => {
  expect(chooseDrivers([radeon, lavapipe22], undefined)).toEqual([radeon.path])
  expect(chooseDrivers([radeon], undefined)).toBeUndefined()
})

it('is one entry point per process and computes', async () => {
  expect(nodeGpu()).toBe(nodeGpu())
  const device = await (await nodeAdapter()).requestDevice()
  const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ })
  device.queue.writeBuffer(buffer, 0, new Float32Array([1, -2, 3, 4]))
  await buffer.mapAsync(GPUMapMode.READ)
  expect([...new Float32Array(buffer.getMappedRange())]).toEqual([1, -2, 3, 4])
  device.destroy()
})
