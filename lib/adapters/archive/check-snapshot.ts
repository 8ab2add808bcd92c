import { throwIfAborted } from '../../base/errors.ts'
import {
  type ReadSnapshotOptions,
  type SnapshotHead,
  SnapshotReader,
  type SnapshotTail,
} from '../../domain/snapshot/read-snapshot.ts'

export interface CheckedSnapshot {
  readonly head: SnapshotHead
  readonly tail: SnapshotTail
  readonly znodes: number
  readonly dataBytes: number
  /** By owner: znodes without one count as persistent. */
  readonly byKind: Readonly<Record<'persistent' | 'ephemeral' | 'container' | 'ttl', number>>
  readonly inPathOrder: boolean
  /** Znodes whose ACL the table lacks, where that is let pass. */
  readonly laterAcls: number
  /** Computed over the tree; the second is what a server under an ASCII locale computes. Null when not asked for. */
  readonly digest: { readonly value: bigint; readonly ascii: bigint } | null
}

interface CheckSnapshotOptions extends ReadSnapshotOptions {
  /** The file lies among logs, which may name ACLs that came while a server wrote it: see LATER_ACL. */
  readonly hasLogs?: boolean
  readonly onProgress?: (znodes: number, dataBytes: number) => void
}

/** Reads an uncompressed snapshot to its end and checks all that can be checked. Throws the first SnapshotError. */
export async function checkSnapshot(
  source: AsyncIterable<Uint8Array>,
  options: CheckSnapshotOptions,
): Promise<CheckedSnapshot> {
  const reader = new SnapshotReader(source, options)
  const byKind = { persistent: 0, ephemeral: 0, container: 0, ttl: 0 }
  let dataBytes = 0
  let laterAcls = 0
  try {
    const head = await reader.readHead()
    const visit: Parameters<SnapshotReader['visitRecords']>[0] = (record) => {
      byKind[record.kind()]++
      dataBytes += record.dataBytes
      if (!options.hasLogs) record.acl(head.acls)
      else if (head.acls.at(record.bytes, record.aclAt) === undefined) laterAcls++
    }
    while (await reader.visitRecords(visit)) {
      throwIfAborted(options.signal)
      options.onProgress?.(reader.records, dataBytes)
    }
    const tail = await reader.readTail()
    options.onProgress?.(reader.records, dataBytes)
    const digest = reader.digest && { value: reader.digest.value(), ascii: reader.digest.asciiValue() }
    return {
      head,
      tail,
      znodes: reader.records,
      dataBytes,
      byKind,
      inPathOrder: reader.inPathOrder,
      laterAcls,
      digest,
    }
  } finally {
    await reader.close()
  }
}

export interface DigestPair {
  readonly version: number
  readonly zxid: bigint
  /** What the server said. */
  readonly stored: bigint
  /** Of the tree in the file, in the charset that makes both equal where one does. */
  readonly computed: bigint
}

/** The file's digest beside that of its tree; null where the file has none, or none was computed. */
export function findDigests({ tail, digest }: Pick<CheckedSnapshot, 'tail' | 'digest'>): DigestPair | null {
  const stored = tail.digest
  // Zxid 0 with digest 0 is what a server writes while it knows none.
  if (!stored || !digest || (stored.zxid === 0n && stored.value === 0n)) return null
  const computed = stored.value === digest.ascii ? digest.ascii : digest.value
  return { version: stored.version, zxid: stored.zxid, stored: stored.value, computed }
}
