import { isArkeeperError } from '../../base/errors.ts'
import type { ReadFrom } from '../../domain/snapshot/read-from.ts'
import type { VerdictReport } from '../backups/verify-report.ts'
import type { ServiceContext } from '../context.ts'
import { type ArchivePlace, DAMAGE, type FolderContext, openArchiveAnew } from './archive-folder.ts'
import { getStore } from './find-store.ts'

/** Reads the archive at exactly this place, out of the store itself. One that is damaged or gone is a finding. */
export async function verifyPlace(
  context: FolderContext & Pick<ServiceContext, 'archives'>,
  place: ArchivePlace,
  onProgress?: (znodes: number) => void,
): Promise<VerdictReport> {
  try {
    const folder = await openArchiveAnew(context, place)
    try {
      const report = await context.archives.verify(folder.dir, { signal: context.signal, onProgress })
      return { ...report, readFrom: folder.readFrom }
    } finally {
      await folder.release()
    }
  } catch (error) {
    if (!isArkeeperError(error) || !DAMAGE.includes(error.code)) throw error
    const { id, name, kind } = await getStore(context, place.storeId)
    const how = kind === 's3' ? 'afresh' : 'in-place'
    const readFrom: ReadFrom = { storeId: id, store: name, isChosen: false, how, note: null }
    const problem = { code: error.code, message: error.message }
    return { ok: false, files: [], checksumOk: false, znodes: 0, digest: null, problems: [problem], readFrom }
  }
}
