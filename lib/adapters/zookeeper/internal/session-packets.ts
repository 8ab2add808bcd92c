import type { PackagePacket, PackageWatcherManager } from 'node-zookeeper-client'
import { encodeRecord } from './jute.ts'
import { OP } from './protocol.ts'

/** SetWatches requests are kept well below the server's limit on a request, as ZooKeeper's own client does. */
const SET_WATCHES_BYTES_MAX = 128 * 1024

export const NOTHING = Buffer.alloc(0)

export function frame(xid: number, op: number, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(12 + body.length)
  bytes.writeInt32BE(8 + body.length, 0)
  bytes.writeInt32BE(xid, 4)
  bytes.writeInt32BE(op, 8)
  bytes.set(body, 12)
  return bytes
}

/** A packet of the session itself, whose answer nobody waits for. */
export function packetOf(xid: number, op: number, encode: (xid: number) => Buffer): PackagePacket {
  const header = { xid, type: op }
  return { request: { header, toBuffer: () => encode(header.xid) }, callback: () => undefined }
}

function splitBySize(paths: readonly string[], bytesMax: number): string[][] {
  const parts: string[][] = []
  let part: string[] = []
  let bytes = 0
  for (const path of paths) {
    const size = 4 + Buffer.byteLength(path)
    if (part.length > 0 && bytes + size > bytesMax) {
      parts.push(part)
      part = []
      bytes = 0
    }
    part.push(path)
    bytes += size
  }
  if (part.length > 0) parts.push(part)
  return parts
}

/** Requests that arm every watch again after a reconnect; those whose place changed after `zxid` fire at once. */
export function encodeSetWatches(watcherManager: PackageWatcherManager, zxid: bigint): PackagePacket[] {
  const kinds = [
    watcherManager.getDataWatcherPaths(),
    watcherManager.getExistenceWatcherPaths(),
    watcherManager.getChildWatcherPaths(),
  ]
  return kinds.flatMap((paths, kind) =>
    splitBySize(paths, SET_WATCHES_BYTES_MAX).map((part) =>
      packetOf(0, OP.setWatches, (xid) => {
        const body = encodeRecord((writer) => {
          writer.long(zxid)
          for (let i = 0; i < kinds.length; i++) {
            const list = i === kind ? part : []
            writer.int(list.length)
            for (const path of list) writer.string(path)
          }
        })
        return frame(xid, OP.setWatches, body)
      }),
    ),
  )
}
