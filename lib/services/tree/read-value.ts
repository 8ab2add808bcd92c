import { nameOf, parsePath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { readTree } from './read-tree.ts'
import type { TreeRef } from './tree-ref.ts'
import { unpackValue } from './unpack-value.ts'

/** The whole value of one znode, byte for byte or unpacked; null data is an empty file. */
export async function readValue(
  context: ServiceContext,
  input: { readonly ref: TreeRef; readonly path: string; readonly unpack: boolean },
): Promise<{ readonly name: string; readonly data: Uint8Array }> {
  const path = parsePath(input.path)
  const reading = await readTree(context, input.ref, (reader) => reader.get(path, { signal: context.signal }))
  if (reading.kind === 'missing') throw new ServiceError('NOT_FOUND', `${path} does not exist`)
  if (reading.kind === 'unreadable') throw new ServiceError('FORBIDDEN', `${path} cannot be read: ${reading.message}`)
  const name = nameOf(path) || 'root'
  const data = reading.znode.data ?? new Uint8Array()
  if (!input.unpack) return { name, data }
  const unpacked = await unpackValue(data)
  if (unpacked?.kind === 'unpacked')
    return { name: name.replace(/\.(gz|gzip|zst|zstd)$/i, '') || name, data: unpacked.data }
  const why = unpacked === null ? 'it is neither gzip nor zstd' : unpacked.message
  throw new ServiceError('INVALID_INPUT', `The value of ${path} cannot be unpacked: ${why}`, {
    remedy: 'download it as it is stored',
  })
}
