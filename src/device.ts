import type { DeviceReport } from './api.ts'
import type { Gpu } from './gpu/device.ts'

const reported = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
] as const

/** What a user may want to know of the device. */
export function describeDevice({ device, info, abilities }: Gpu): DeviceReport {
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    description: info.description || info.device,
    fallback: abilities.cpu,
    features: [...device.features].sort(),
    limits: Object.fromEntries(reported.map((name) => [name, device.limits[name]])),
  }
}
