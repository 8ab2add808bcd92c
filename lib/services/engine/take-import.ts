import { basename } from 'node:path'
import { throwIfAborted } from '../../base/errors.ts'
import type { ImportForm } from '../../domain/imports/import-form.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { EngineContext } from '../context.ts'
import { type OnProgress, ProgressMeter } from './progress.ts'
import type { TakenBackup } from './take-backup.ts'

export interface TakeImportInput {
  /** On this machine. */
  readonly path: string
  /** What it was called where it came from; absent: as it is called here. */
  readonly fileName?: string
  readonly form: ImportForm | null
  /** On whose shelf the archive stands. */
  readonly clusterName: string
  readonly parentDir: string
  readonly note?: string
  readonly onProgress?: OnProgress
}

/**
 * Makes an archive of another tool's file, or of a server's own. Its manifest says what the file could not. On any failure no archive is left.
 */
export async function takeImport(context: EngineContext, input: TakeImportInput): Promise<TakenBackup> {
  const startedAtMs = context.clock.now()
  const meter = new ProgressMeter(context.clock, input.onProgress)
  const opened = await context.archives.openImport(input.path, {
    form: input.form,
    fileName: input.fileName ?? basename(input.path),
    signal: context.signal,
    onProgress: (done) => meter.report('Reading the file', { done }),
  })
  try {
    throwIfAborted(context.signal)
    const { facts, scope, zxid, consistency, sessions } = opened
    return await context.archives.write({
      parentDir: input.parentDir,
      stream: opened.reader.readSubtree(ROOT, { signal: context.signal, includeSystem: true }),
      describe: () => ({
        cluster: { name: input.clusterName, connectString: null, chroot: ROOT },
        source: 'import',
        zookeeperVersion: null,
        scope,
        zxid,
        consistency,
        unreadable: [],
        sessions,
        import: facts,
        ...(input.note ? { note: input.note } : {}),
      }),
      startedAtMs,
      now: () => context.clock.now(),
      signal: context.signal,
      onProgress: ({ phase, znodes, dataBytes }) => {
        const stage = phase === 'writing' ? 'Writing the archive' : 'Reading the archive back'
        meter.report(stage, { done: znodes, bytes: dataBytes })
      },
    })
  } finally {
    await opened.reader.close()
  }
}
