import type { ServiceContext } from './context.ts'

/** What is being made has no row yet, or one that is about to be written. */
const KEPT_MS = 24 * 3_600_000
const ASKED_AT_ONCE = 200

/** Removes folders of diffs, searches and restores that are no longer in the catalog: a process that died between the two left them. */
export async function sweepWorkFolders(context: Pick<ServiceContext, 'workFiles' | 'db' | 'clock'>): Promise<number> {
  const { db, workFiles, clock } = context
  const rowsOf = {
    diffs: (dirs: string[]) => db.diff.findMany({ where: { dir: { in: dirs } }, select: { dir: true } }),
    searches: (dirs: string[]) => db.search.findMany({ where: { dir: { in: dirs } }, select: { dir: true } }),
    restores: (dirs: string[]) => db.restore.findMany({ where: { dir: { in: dirs } }, select: { dir: true } }),
  }
  let swept = 0
  for (const [kind, findRows] of Object.entries(rowsOf)) {
    const old = (await workFiles.list(kind)).filter(({ touchedAtMs }) => clock.now() - touchedAtMs > KEPT_MS)
    for (let at = 0; at < old.length; at += ASKED_AT_ONCE) {
      const folders = old.slice(at, at + ASKED_AT_ONCE).map(({ folder }) => folder)
      const known = new Set((await findRows(folders)).map(({ dir }) => dir))
      for (const folder of folders) {
        if (known.has(folder)) continue
        await workFiles.remove(folder)
        swept++
      }
    }
  }
  return swept
}
