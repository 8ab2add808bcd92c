import type { VerifyReport } from '../../adapters/archive/store.ts'
import { isArkeeperError } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { type ArchivePlace, type FolderContext, openArchiveAnew } from './archive-folder.ts'

/** What says that the archive is not what it should be, and not that its store cannot be reached. */
const DAMAGE = ['OBJECT_DAMAGED', 'OBJECT_MISSING', 'ARCHIVE_DAMAGED']

/** Reads the archive at exactly this place, out of the store itself. One that is damaged or gone is a finding. */
export async function verifyPlace(
  context: FolderContext & Pick<ServiceContext, 'archives'>,
  place: ArchivePlace,
  onProgress?: (znodes: number) => void,
): Promise<VerifyReport> {
  try {
    const folder = await openArchiveAnew(context, place)
    try {
      return await context.archives.verify(folder.dir, { signal: context.signal, onProgress })
    } finally {
      await folder.release()
    }
  } catch (error) {
    if (!isArkeeperError(error) || !DAMAGE.includes(error.code)) throw error
    const problem = { code: error.code, message: error.message }
    return { ok: false, files: [], checksumOk: false, znodes: 0, digest: null, problems: [problem] }
  }
}
