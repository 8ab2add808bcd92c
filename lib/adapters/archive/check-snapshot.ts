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
