import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoreTestStep } from '../../adapters/s3/object-store.ts'
import { isArkeeperError } from '../../base/errors.ts'
import { formatBytes } from '../../base/format-bytes.ts'
import type { ServiceContext } from '../context.ts'
import { assertActorCan, mutate } from '../gate.ts'
import { type FolderStore, getStore, openBucket } from './find-store.ts'
import type { StoreTestView } from './views.ts'

/** Writes, reads and deletes something of its own, step by step, and keeps what came of it. A fault of the store is a finding. */
export async function testStore(context: ServiceContext, storeId: string): Promise<StoreTestView> {
  await assertActorCan(context, { action: 'store.test', after: { id: storeId } })
  const store = await getStore(context, storeId)
  const steps: StoreTestStep[] = []
  try {
    const found = store.kind === 's3' ? (await openBucket(context, store)).test(context.signal) : testFolder(store)
    for await (const step of found) steps.push(step)
  } catch (error) {
    if (!isArkeeperError(error) || error.code === 'CANCELLED') throw error
    steps.push({ name: 'resolve', outcome: 'failed', message: error.message, remedy: error.remedy ?? null })
  }
  const failed = steps.find(({ outcome }) => outcome === 'failed')
  const at = new Date(context.clock.now())
  const report = { ok: failed === undefined, steps: steps.map((step) => ({ ...step })) }
  const facts = { id: storeId, store: store.name, ok: report.ok, failed: failed?.name ?? null }
  await mutate(context, { action: 'store.test', after: facts }, async (tx) => {
    const row = { testedAt: at, testReport: report }
    await tx.store.upsert({
      where: { id: storeId },
      update: row,
      create: { id: storeId, name: store.name, kind: store.kind, settings: {}, ...row },
      select: { id: true },
    })
  })
  return { at: at.toISOString(), ...report }
}

async function* testFolder({ path }: FolderStore): AsyncGenerator<StoreTestStep, void, void> {
  const dir = join(path, `.tmp-test-${randomUUID()}`)
  const file = join(dir, 'test')
  const text = `Arkeeper has tested this store. ${dir}\n`
  const steps: readonly [StoreTestStep['name'], () => Promise<string>][] = [
    [
      'connect',
      async () => {
        const { bavail, bsize } = await statfs(path)
        return `${formatBytes(bavail * bsize)} are free`
      },
    ],
    [
      'write',
      async () => {
        await mkdir(dir, { mode: 0o700 })
        await writeFile(file, text, { flag: 'wx', flush: true })
        return `${text.length} bytes written and flushed`
      },
    ],
    [
      'read-back',
      async () => {
        if ((await readFile(file, 'utf8')) !== text) throw new Error('what was read is not what was written')
        return 'the same bytes came back'
      },
    ],
    [
      'delete',
      async () => {
        await rm(dir, { recursive: true })
        return 'the test folder is gone again'
      },
    ],
  ]
  try {
    for (const [name, run] of steps) {
      try {
        yield { name, outcome: 'ok', message: await run(), remedy: null }
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        yield { name, outcome: 'failed', message, remedy: 'check the folder, its volume and its rights' }
        return
      }
    }
  } finally {
    await rm(dir, { recursive: true, force: true }).catch(() => undefined)
  }
}
