import type { ReplayProof } from '../adapters/archive/replay-proof.ts'
import type { DataDirReader } from '../adapters/archive/store.ts'
import type { TreeReader } from '../domain/znode/ports.ts'

/** What is known of a replayed data directory; null for any other source. */
export function findProof(reader: TreeReader): ReplayProof | null {
  return isDataDirReader(reader) ? reader.proof : null
}

/** For standard error, a line each; none when nothing is missing. */
export function describeProof(proof: ReplayProof): string[] {
  const told = new Set(proof.problems.map(({ file }) => file))
  const torn = proof.torn
    .filter(({ file }) => !told.has(file))
    .map(
      ({ file, tear }) => `TORN_LOG: ${file} ends inside a transaction at byte ${tear.offset}; it was never finished`,
    )
  return [...proof.problems.map(({ code, message }) => `${code}: ${message}`), ...torn]
}

function isDataDirReader(reader: TreeReader): reader is DataDirReader {
  return 'proof' in reader
}
