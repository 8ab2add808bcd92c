import { formatHex64 } from '../../base/hex64.ts'
import { joinPath } from '../../domain/znode/path.ts'
import type { ChildrenPage, ZnodeReading } from '../../domain/znode/ports.ts'
import { toClientStat } from '../../domain/znode/stat.ts'
import type { Znode } from '../../domain/znode/znode.ts'
import type { ValueMask } from '../values/value-mask.ts'
import { unpackValue } from './unpack-value.ts'
import type { ChildrenView, UnpackedView, ZnodeReadingView, ZnodeView } from './views.ts'

/** More than a browser shows at once; a server's default limit is just below. */
export const DATA_BYTES_MAX = 1024 * 1024

export function toReadingView(reading: ZnodeReading, mask: ValueMask): ZnodeReadingView {
  switch (reading.kind) {
    case 'found':
      return { kind: 'found', znode: toZnodeView(reading.znode, reading.numChildren, mask) }
    case 'missing':
      return { kind: 'missing' }
    case 'unreadable':
      return { kind: 'unreadable', message: reading.message }
  }
}

export function toZnodeView(znode: Znode, numChildren: number, mask: ValueMask): ZnodeView {
  const hidden = mask.hide(znode.path, znode.data)
  const data = hidden === null ? znode.data : null
  const stat = toClientStat(znode.stat, znode.kind, { dataLength: znode.data?.length ?? 0, numChildren })
  return {
    path: znode.path,
    kind: znode.kind,
    ttlMs: znode.ttlMs,
    data: data === null ? null : toBase64(data.subarray(0, DATA_BYTES_MAX)),
    truncated: data !== null && data.length > DATA_BYTES_MAX,
    unpacked: null,
    ...(hidden === null ? {} : { hidden }),
    acl: znode.acl.map(({ perms, scheme, id }) => ({ perms, scheme, id })),
    ...(znode.unknown === undefined ? {} : { unknown: znode.unknown }),
    stat: {
      czxid: formatHex64(stat.czxid),
      mzxid: formatHex64(stat.mzxid),
      pzxid: formatHex64(stat.pzxid),
      ctime: stat.ctime,
      mtime: stat.mtime,
      version: stat.version,
      cversion: stat.cversion,
      aversion: stat.aversion,
      ephemeralOwner: formatHex64(stat.ephemeralOwner),
      dataLength: stat.dataLength,
      numChildren: stat.numChildren,
    },
    nextSequence: znode.stat.cversion,
    childListBytes: null,
  }
}

/** As above, and a packed value is unpacked too. */
export async function toUnpackedZnodeView(znode: Znode, numChildren: number, mask: ValueMask): Promise<ZnodeView> {
  const view = toZnodeView(znode, numChildren, mask)
  return view.hidden ? view : { ...view, unpacked: await toUnpackedView(znode.data) }
}

export async function toUnpackedView(data: Uint8Array | null): Promise<UnpackedView | null> {
  const unpacked = await unpackValue(data)
  if (unpacked === null || unpacked.kind === 'failed') return unpacked
  const { kind, packing, data: whole } = unpacked
  const shown = toBase64(whole.subarray(0, DATA_BYTES_MAX))
  return { kind, packing, bytes: whole.length, data: shown, truncated: whole.length > DATA_BYTES_MAX }
}

export function toChildrenView(parent: string, page: ChildrenPage): ChildrenView {
  if (page.kind === 'missing') return { kind: 'missing' }
  if (page.kind === 'unreadable') return { kind: 'unreadable', message: page.message }
  return {
    kind: 'page',
    total: page.total,
    next: page.next,
    children: page.children.map((child) => ({
      name: child.name,
      path: joinPath(parent, child.name),
      kind: child.kind,
      numChildren: child.numChildren,
      dataLength: child.dataLength,
      mtime: child.mtime,
      mzxid: formatHex64(child.mzxid),
    })),
  }
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
