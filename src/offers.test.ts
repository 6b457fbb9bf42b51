import { describe, expect, it } from 'vitest'
import { bytesSource, modelFiles } from './checkpoint/byteSource.ts'
import { keptFiles } from './checkpoint/keptFiles.ts'
import { BeagleError } from './errors.ts'
import { Offers } from './offers.ts'
import { MemoryDirectory } from './testing/memoryDirectory.ts'

const file = Uint8Array.from({ length: 600_000 }, (_, i) => i % 251)
const entry = {
  ...{ name: 'few', label: 'Few tokens', type: 'c-abs', visualTokens: 16 },
  ...{ file: 'few.safetensors', bytes: file.length, description: 'for tests' },
}
const sha256 = Buffer.from(await crypto.subtle.digest('SHA-256', file)).toString('hex')

/** A model's folder, and a count of what was asked of it; unreachable while `offline`. */
function folder(files: Record<string, Uint8Array | object>) {
  const place = { asked: [] as string[], offline: false }
  const source = modelFiles('somewhere', async (path) => {
    place.asked.push(path)
    if (place.offline) throw new BeagleError('network', 'The connection is gone.')
    const content = files[path]
    if (content instanceof Uint8Array) return bytesSource(path, content)
    return content && bytesSource(path, new TextEncoder().encode(JSON.stringify(content)))
  })
  return { place, source }
}

const shipped = { 'projectors/index.json': { projectors: [entry] }, 'projectors/few.safetensors': file }

describe('projectors beside a model', () => {
  it('are listed, and fetched with their progress', async () => {
    const offers = new Offers({ files: folder(shipped).source, settled: false })
    expect(await offers.list()).toEqual([entry])
    const seen: number[] = []
    expect(await offers.fetch('few', { onProgress: (loaded) => seen.push(loaded) })).toEqual(file)
    expect(seen).toEqual([262_144, 524_288, 600_000])
    await expect(offers.fetch('many')).rejects.toThrow('No projector "many" lies beside this model; there is "few".')
  })

  it('are none where there is no index', async () => {
    expect(await new Offers({ files: folder({}).source, settled: false }).list()).toEqual([])
  })

  it('are kept, so that they are there without the network', async () => {
    const storage = keptFiles(new MemoryDirectory().asHandle())
    const { place, source } = folder(shipped)
    const offers = () => new Offers({ files: source, kept: async () => storage, settled: false })
    await offers().fetch('few')
    place.offline = true
    expect(await offers().list()).toEqual([entry])
    expect(await offers().fetch('few')).toEqual(file)
    place.offline = false
    place.asked = []
    await offers().fetch('few')
    expect(place.asked).toEqual(['projectors/index.json'])
  })

  it('are not asked for again where the model itself is not, even where there were none', async () => {
    for (const files of [shipped, {}]) {
      const storage = keptFiles(new MemoryDirectory().asHandle())
      const { place, source } = folder(files)
      const offers = () => new Offers({ files: source, kept: async () => storage, settled: true })
      const listed = await offers().list()
      place.offline = true
      expect(await offers().list()).toEqual(listed)
      expect(place.asked).toEqual(['projectors/index.json'])
    }
  })

  it('are fetched anew when what is kept is not what the index says', async () => {
    const storage = keptFiles(new MemoryDirectory().asHandle())
    await storage.write('few.safetensors', file.map((value) => value ^ 1) as Uint8Array<ArrayBuffer>)
    const index = { projectors: [{ ...entry, sha256 }] }
    const { source } = folder({ ...shipped, 'projectors/index.json': index })
    const offers = new Offers({ files: source, kept: async () => storage, settled: false })
    expect(await offers.fetch('few')).toEqual(file)
    expect(await storage.read('few.safetensors')).toEqual(file)
  })

  it('are refused where the file is another than the index says', async () => {
    const fetched = (change: object, files: object = shipped) =>
      new Offers({
        files: folder({ ...files, 'projectors/index.json': { projectors: [{ ...entry, ...change }] } }).source,
        settled: false,
      }).fetch('few')
    await expect(fetched({ bytes: 5 })).rejects.toThrow('few.safetensors has 600000 bytes')
    await expect(fetched({ sha256: 'ab' })).rejects.toThrow(`has the SHA-256 ${sha256}`)
    expect(await fetched({ sha256 })).toEqual(file)
    await expect(fetched({}, {})).rejects.toThrow('its file few.safetensors is not there')
  })

  it.each<[unknown, RegExp]>([
    [{}, /has no list "projectors"/],
    [null, /has no list "projectors"/],
    [{ projectors: [{ ...entry, file: 3, bytes: '5' }] }, /lacks "file", "bytes" in entry 1/],
    [{ projectors: [entry, null] }, /in entry 2/],
    [{ projectors: [entry, entry] }, /has the name "few" twice/],
    [{ projectors: [{ ...entry, name: 'base' }] }, /has the name "base" twice, or for another/],
    [{ projectors: [{ ...entry, file: '../model.safetensors' }] }, /lies elsewhere/],
  ])('have no index like %j', async (index, message) => {
    const bytes = new TextEncoder().encode(JSON.stringify(index))
    const offers = new Offers({ files: folder({ 'projectors/index.json': bytes }).source, settled: false })
    await expect(offers.list()).rejects.toThrow(message)
  })
})
