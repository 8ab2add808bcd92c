import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { LogSource } from '../../domain/txnlog/ports.ts'
import { ArchiveError, toArchiveError } from './errors.ts'
import { identifyPath } from './open-path.ts'

const CHUNK_BYTES = 1 << 20

/** See LogArchivePort. */
export async function listMemberLogs(dataLogDir: string): Promise<LogSource[]> {
  const place = await identifyPath(dataLogDir)
  if (place.kind !== 'datadir') {
    throw new ArchiveError('NOT_A_SNAPSHOT', `${dataLogDir} is no data directory of ZooKeeper`, {
      remedy: "give dataDir and dataLogDir of the member's zoo.cfg in the configuration file",
    })
  }
  return place.logs.map(({ name, zxid }) => ({ name, zxid, open: () => readFileBytes(join(place.dir, name)) }))
}

async function* readFileBytes(path: string): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES })
  try {
    for await (const chunk of stream) yield chunk
  } catch (error) {
    throw toArchiveError(error, `reading ${path}`)
  } finally {
    stream.destroy()
  }
}
