import type { TreeReader } from '../../domain/znode/ports.ts'
import type { EngineContext } from '../context.ts'
import { openEditBefore } from './edit-before.ts'
import type { RestoreDirectory } from './restore-directory.ts'

export type OpenedSafety = Pick<TreeReader, 'get' | 'close'>

/** What was there before the run, or the edit, of a restore directory wrote; null when it has written nothing. Close it afterwards. */
export async function openSafety(context: EngineContext, directory: RestoreDirectory): Promise<OpenedSafety | null> {
  const safety = await directory.findSafety()
  return safety === null ? openEditBefore(directory.dir) : context.archives.open(safety.dir)
}
