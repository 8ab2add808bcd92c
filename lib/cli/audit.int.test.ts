import { execFile } from 'node:child_process'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Sqlite from 'better-sqlite3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { exportAudit } from '../services/audit/export-audit.ts'
import { runDueCheckpoint } from '../services/audit/run-checkpoint.ts'
import { sealAudit } from '../services/audit/seal-audit.ts'
import { formatCheckpointFile } from '../services/audit/signatures.ts'
import { writeAudit } from '../services/audit/write-audit.ts'
import { type BundledCommand, bundleCommand } from '../testing/bundled-command.ts'
import { createTestServices, type TestServices } from '../testing/service-context.ts'

let arkeeper: BundledCommand
let services: TestServices
beforeAll(async () => {
  ;[arkeeper, services] = await Promise.all([bundleCommand(), createTestServices()])
})
afterAll(() => Promise.all([arkeeper?.remove(), services?.close()]))

async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const command = [arkeeper.file, 'audit', ...args]
  return promisify(execFile)(process.execPath, command).then(
    ({ stdout, stderr }) => ({ status: 0, out: stdout, err: stderr }),
    ({ code, stdout, stderr }) => ({ status: code, out: stdout, err: stderr }),
  )
}

it('arkeeper audit verify tells a whole chain from a broken one, in the database and in an export', async () => {
  const context = services.contextFor('admin')
  await sealAudit(context)
  for (let i = 0; i < 4; i++)
    await writeAudit(context.db, context, { action: 'backup.pin', outcome: 'ok', path: `/${i}` })
  const exported = join(services.database.dir, 'audit.jsonl')
  writeFileSync(exported, '')
  for await (const chunk of exportAudit(context, { format: 'jsonl' })) appendFileSync(exported, chunk)
  // The web server and the worker go on writing meanwhile.
  const whole = await run('verify', '--data-dir', services.database.dir, '--json')
  expect(whole).toMatchObject({ status: 0, err: '' })
  expect(JSON.parse(whole.out)).toMatchObject({ ok: true, entries: 6, first: 1, last: 6, problems: [] })
  expect(await run('verify', '--export', exported)).toMatchObject({
    status: 0,
    out: expect.stringContaining('entries 1 to 5: the chain is whole'),
  })

  const put = join(services.database.dir, 'put-away')
  const publicKey = join(services.database.dir, 'somewhere.pub')
  writeFileSync(publicKey, context.auditKey.publicKey)
  await runDueCheckpoint(context)
  mkdirSync(put)
  const [checkpoint] = await services.database.client.auditCheckpoint.findMany()
  if (checkpoint) writeFileSync(join(put, 'checkpoint-6.json'), formatCheckpointFile(checkpoint))
  const signed = ['verify', '--database', services.database.file, '--checkpoints', put, '--public-key', publicKey]
  expect(await run(...signed)).toMatchObject({ status: 0, out: expect.stringContaining('2 checkpoints met') })
  if (checkpoint) writeFileSync(join(put, 'checkpoint-6.json'), formatCheckpointFile({ ...checkpoint, hash: 'f' }))
  expect(await run(...signed)).toMatchObject({ status: 1, out: expect.stringContaining('CHECKPOINT_FORGED') })

  const db = new Sqlite(services.database.file)
  db.exec('DROP TRIGGER AuditEntry_no_update; UPDATE AuditEntry SET path = NULL WHERE sequence = 3')
  db.close()
  const broken = await run('verify', '--database', services.database.file)
  expect(broken.status).toBe(1)
  expect(broken.out).toContain('ENTRY_CHANGED: entry 3 (id 3) was changed')

  for (const wrong of [['verify', '--database', '/nowhere'], ['verify', '--export', '/nowhere'], ['prove'], []]) {
    const refused = await run(...wrong)
    expect(refused).toMatchObject({ status: 2, out: '' })
    expect(refused.err.trim().split('\n'), wrong.join(' ')).toHaveLength(1)
  }
}, 60_000)
