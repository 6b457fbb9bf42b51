import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isatty } from 'node:tty'
import { create, globals } from 'webgpu'

const systemDrivers = ['/usr/local/share', '/usr/share', '/usr/local/etc', '/etc'].map((at) => join(at, 'vulkan/icd.d'))
const browsers = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome']
/** Vulkan headers of Mesa 25.0, the first whose software driver lavapipe passes Dawn's checks. */
const oldestLavapipe = 305

let shared: GPU | undefined

/**
 * The WebGPU entry point of Node: Dawn, from npm `webgpu`, one per process. Its first call chooses the Vulkan driver, unless
 * `VK_DRIVER_FILES` or `VK_ICD_FILENAMES` does: the system's own; where these have no usable software driver, also the
 * SwiftShader that comes with Chromium. Defines the WebGPU globals (`GPUBufferUsage` …) as a browser would.
 * The process ends by itself when its work is done: destroy the devices, or drop them.
 */
export function nodeGpu(): GPU {
  if (shared) return shared
  if (process.platform === 'linux' && !process.env.VK_DRIVER_FILES && !process.env.VK_ICD_FILENAMES) {
    const drivers = chooseDrivers(listDrivers(systemDrivers), findSwiftShader(browserFolders()))
    if (drivers) process.env.VK_ICD_FILENAMES = drivers.join(':')
  }
  Object.assign(globalThis, globals)
  const gpu = create([])
  quietly(() => {
    gpu.requestAdapter().catch(() => {})
  })
  shared = gpu
  return gpu
}

/** A driver's manifest: its path and the Vulkan version it says, e.g. `1.4.305`. */
export interface Driver {
  path: string
  version: string
}

/**
 * The manifests to hand to the Vulkan loader, or nothing where its own choice is right. A lavapipe from before Mesa 25 is left
 * out: Dawn refuses it or answers wrongly on it.
 */
export function chooseDrivers(system: Driver[], swiftShader: string | undefined): string[] | undefined {
  const usable = system.filter((driver) => !isLavapipe(driver) || patch(driver.version) >= oldestLavapipe)
  if (usable.some(isLavapipe) || (usable.length === system.length && !swiftShader)) return undefined
  const paths = usable.map((driver) => driver.path)
  return swiftShader ? [...paths, swiftShader] : paths
}

const isLavapipe = (driver: Driver) => /(^|\/)lvp_icd[^/]*$/.test(driver.path)
const patch = (version: string) => Number(version.split('.')[2] ?? 0)

function listDrivers(folders: string[]): Driver[] {
  return folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => {
        const path = join(folder, name)
        try {
          return [{ path, version: String(JSON.parse(readFileSync(path, 'utf8')).ICD.api_version) }]
        } catch {
          return []
        }
      }),
  )
}

function browserFolders(): string[] {
  const downloads = process.env.PLAYWRIGHT_BROWSERS_PATH || join(homedir(), '.cache/ms-playwright')
  const downloaded = existsSync(downloads) ? readdirSync(downloads).filter((name) => name.startsWith('chromium')) : []
  const builds = ['chrome-linux', 'chrome-linux64', 'chrome-headless-shell-linux64']
  return [...browsers, ...downloaded.flatMap((name) => builds.map((build) => join(downloads, name, build)))]
}

function findSwiftShader(folders: string[]): string | undefined {
  return folders.map((folder) => join(folder, 'vk_swiftshader_icd.json')).find(existsSync)
}

/**
 * Runs `work` with standard error closed to native code, on Linux where it is a terminal or a pipe: on its first look for
 * adapters Dawn writes two warnings about limits of lavapipe that nobody can act on, from C++ where no JavaScript can hold
 * them back. (A file is left alone: reopened, it would no longer share its position with standard output.)
 */
function quietly(work: () => void): void {
  const kept = reopenStderr()
  if (kept === undefined) {
    work()
    return
  }
  redirectStderr('/dev/null')
  try {
    work()
  } finally {
    redirectStderr(`/proc/self/fd/${kept}`)
    closeSync(kept)
  }
}

function reopenStderr(): number | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    return isatty(2) || fstatSync(2).isFIFO() ? openSync('/proc/self/fd/2', 'a') : undefined
  } catch {
    return undefined
  }
}

/** A file opened gets the lowest free descriptor: the one just closed. */
function redirectStderr(path: string): void {
  closeSync(2)
  openSync(path, 'a')
}
