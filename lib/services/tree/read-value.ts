import { nameOf, parsePath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { withValueMask } from '../values/value-mask.ts'
import { readTree } from './read-tree.ts'
import { formatTreeRef, type TreeRef } from './tree-ref.ts'
import { unpackValue } from './unpack-value.ts'

/** The whole value of one znode, byte for byte or unpacked; null data is an empty file. FORBIDDEN where it is hidden. */
export async function readValue(
  context: ServiceContext,
  input: { readonly ref: TreeRef; readonly path: string; readonly unpack: boolean },
): Promise<{ readonly name: string; readonly data: Uint8Array }> {
  const path = parsePath(input.path)
  const { reading, clusterId } = await readTree(context, input.ref, async (reader, clusterId) => ({
    reading: await reader.get(path, { signal: context.signal }),
    clusterId,
  }))
  if (reading.kind === 'missing') throw new ServiceError('NOT_FOUND', `${path} does not exist`)
  if (reading.kind === 'unreadable') throw new ServiceError('FORBIDDEN', `${path} cannot be read: ${reading.message}`)
  const name = nameOf(path) || 'root'
  const data = reading.znode.data ?? new Uint8Array()
  const place = { clusterId, tree: formatTreeRef(input.ref) }
  const hidden = await withValueMask(context, place, async (mask) => mask.hide(path, data))
  if (hidden) {
    throw new ServiceError('FORBIDDEN', `The value of ${path} is hidden: ${hidden.because.join('; ')}`, {
      remedy: hidden.mayReveal
        ? 'reveal it on its page, which is recorded'
        : `ask somebody with the role ${hidden.leastRole}`,
    })
  }
  if (!input.unpack) return { name, data }
  const unpacked = await unpackValue(data)
  if (unpacked?.kind === 'unpacked')
    return { name: name.replace(/\.(gz|gzip|zst|zstd)$/i, '') || name, data: unpacked.data }
  const why = unpacked === null ? 'it is neither gzip nor zstd' : unpacked.message
  throw new ServiceError('INVALID_INPUT', `The value of ${path} cannot be unpacked: ${why}`, {
    remedy: 'download it as it is stored',
  })
}
