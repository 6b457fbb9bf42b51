import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { chromium, type LaunchOptions } from '@playwright/test'

const installed = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Playwright's own Chromium where it is installed, else the system's; nothing where there is none. */
export function findChromium(): string | undefined {
  return [chromium.executablePath(), ...installed].find(existsSync)
}

/**
 * How tests and benches start Chromium with WebGPU: Playwright's own where it is installed, else the system's. On Linux the
 * adapter is a software one (lavapipe where its shim is built, see tools/lavapipe, else SwiftShader), so that every machine
 * computes alike; `BEAGLE_ADAPTER=hardware` asks for the GPU.
 */
export function launchOptions(): LaunchOptions {
  const args = ['--enable-unsafe-webgpu']
  const found = findChromium()
  const own = found === chromium.executablePath()
  const browser: LaunchOptions = own ? { channel: 'chromium' } : { executablePath: found }
  if (process.platform !== 'linux') return { ...browser, args }
  if (process.env.BEAGLE_ADAPTER === 'hardware') {
    return { ...browser, args: [...args, '--enable-features=Vulkan', '--use-angle=vulkan'] }
  }
  const shim = lavapipeShim()
  if (!shim) return { ...browser, args: [...args, '--use-webgpu-adapter=swiftshader'] }
  return { ...browser, args, env: { ...process.env, LD_PRELOAD: shim, LVP_SHIM_SYNC: '1' } }
}

/** Which adapter these options ask for; lavapipe itself goes by SwiftShader's name. */
export function adapterKind(options: LaunchOptions): 'lavapipe' | 'SwiftShader' | 'hardware' {
  if (options.env?.LD_PRELOAD) return 'lavapipe'
  return options.args?.includes('--use-webgpu-adapter=swiftshader') ? 'SwiftShader' : 'hardware'
}

/** The shim's path: `BEAGLE_LAVAPIPE_SHIM`, else where tools/lavapipe/build puts it; nothing where absent or `off`. */
function lavapipeShim(): string | undefined {
  const path = process.env.BEAGLE_LAVAPIPE_SHIM || resolve(import.meta.dirname, '../.cache/lavapipe/liblvpshim.so')
  return existsSync(path) ? path : undefined
}
