const files = import.meta.glob<string>('../../shaders/**/*.wgsl', { query: '?raw', import: 'default', eager: true })

/** Every WGSL module by its path below `shaders/`, e.g. `storage/q4.wgsl`. */
export const shaderSources: Record<string, string> = Object.fromEntries(
  Object.entries(files).map(([path, text]) => [path.slice(path.indexOf('/shaders/') + '/shaders/'.length), text]),
)
