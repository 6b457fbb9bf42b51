import { type ByteSource, blobSource, type ModelFiles, modelFiles } from './byteSource.ts'

/** Path of a picked or dropped file inside its folder; the folder's own name is left out. */
function pathsInside(files: readonly File[]): Map<string, File> {
  const paths = files.map((file) => file.webkitRelativePath || file.name)
  const top = paths[0]?.split('/')[0]
  const shared = paths.every((path) => path.includes('/') && path.split('/')[0] === top)
  return new Map(files.map((file, i) => [shared ? paths[i]!.slice(top!.length + 1) : paths[i]!, file]))
}

function fileSource(path: string, file: File): ByteSource {
  return { ...blobSource(path, file), version: `${file.size}-${file.lastModified}` }
}

/** A model in files that a person picked or dropped. */
export function blobFiles(files: readonly File[], origin = 'dropped files'): ModelFiles {
  const byPath = pathsInside(files)
  return modelFiles(
    origin,
    async (path) => {
      const file = byPath.get(path)
      return file && fileSource(path, file)
    },
    async () => [...byPath].map(([path, file]) => ({ path, size: file.size })),
  )
}

async function fileAt(directory: FileSystemDirectoryHandle, path: string): Promise<File | undefined> {
  const segments = path.split('/')
  const name = segments.pop()!
  try {
    let folder = directory
    for (const segment of segments) folder = await folder.getDirectoryHandle(segment)
    return await (await folder.getFileHandle(name)).getFile()
  } catch (error) {
    const reason = (error as DOMException).name
    if (reason === 'NotFoundError' || reason === 'TypeMismatchError') return undefined
    throw error
  }
}

async function listDirectory(
  directory: FileSystemDirectoryHandle,
  prefix = '',
): Promise<{ path: string; size: number }[]> {
  const found: { path: string; size: number }[] = []
  for await (const [name, handle] of directory.entries()) {
    if (handle.kind === 'directory') {
      found.push(...(await listDirectory(handle as FileSystemDirectoryHandle, `${prefix}${name}/`)))
    } else {
      found.push({ path: prefix + name, size: (await (handle as FileSystemFileHandle).getFile()).size })
    }
  }
  return found
}

/** A model in a folder opened with the File System Access API. */
export function directoryFiles(directory: FileSystemDirectoryHandle, origin = directory.name): ModelFiles {
  return modelFiles(
    origin,
    async (path) => {
      const file = await fileAt(directory, path)
      return file && fileSource(path, file)
    },
    () => listDirectory(directory),
  )
}
