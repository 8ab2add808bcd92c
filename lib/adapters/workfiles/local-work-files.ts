import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkFilesPort } from './work-files.ts'

/** One machine, or a work folder on a file system that all hosts share: what is written is there for everybody. */
export function createLocalWorkFiles(workDir: string): WorkFilesPort {
  return {
    fetch: async (folder) => join(workDir, folder),
    begin: async (folder) => ({
      dir: join(workDir, folder),
      publish: async () => undefined,
      openLines: async () => null,
      drop: (name) => rm(join(workDir, folder, name), { force: true }),
      end: async () => undefined,
    }),
    remove: (folder) => rm(join(workDir, folder), { recursive: true, force: true }),
    list: async (kind) => {
      const names = await readdir(join(workDir, kind)).catch(() => [])
      const found = await Promise.all(
        names.map(async (name) => ({
          folder: join(kind, name),
          touchedAtMs: await touchedMs(join(workDir, kind, name)),
        })),
      )
      return found.sort((a, b) => b.touchedAtMs - a.touchedAtMs)
    },
    touch: async (folder) => {
      const now = new Date()
      await utimes(join(workDir, folder), now, now).catch(() => undefined)
    },
    sweep: async () => undefined,
    close: async () => undefined,
  }
}

/** By its files: the time of a folder stands still while a file in it grows. */
async function touchedMs(dir: string): Promise<number> {
  const names = await readdir(dir).catch(() => [])
  const times = await Promise.all([dir, ...names.map((name) => join(dir, name))].map(modifiedMs))
  return Math.max(0, ...times)
}

async function modifiedMs(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
}
