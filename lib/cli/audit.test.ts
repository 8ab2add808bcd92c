import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { runDueCheckpoint } from '../services/audit/run-checkpoint.ts'
import { sealAudit } from '../services/audit/seal-audit.ts'
import { writeAudit } from '../services/audit/write-audit.ts'
import { createTestServices, type TestServices } from '../testing/service-context.ts'
import { audit } from './audit.ts'
import type { CommandInput } from './command.ts'
import { Terminal } from './terminal.ts'

let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
  // Not the folder of whoever runs the tests, with keys of its own.
  vi.stubEnv('ARKEEPER_DATA_DIR', services.database.dir)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await services.close()
})

async function verify(values: Readonly<Record<string, string>>) {
  const out = new PassThrough()
  const terminal = new Terminal({ out: out as unknown as NodeJS.WriteStream, quiet: true })
  // Nothing else of the context is asked for by this command.
  const context = { signal: new AbortController().signal } as CommandInput['context']
  const status = await audit.run({ values, positionals: ['verify'], context, terminal, access: { auth: [] } })
  out.end()
  return { status, out: await text(out) }
}

test('a database is verified by its address, whichever it is, also by that of DATABASE_URL', async () => {
  const context = services.contextFor('admin')
  await sealAudit(context)
  for (let i = 0; i < 4; i++) {
    // What JSON alone can say is hashed as it was written.
    const after = { path: `/${i}`, odd: '\u0000 \ud800', z: 0.1, a: ['b', ''] }
    await writeAudit(context.db, context, { action: 'backup.pin', outcome: 'ok', after })
  }
  await runDueCheckpoint(context)
  const { url } = services.database
  const whole = await verify({ database: url })
  expect(whole.out).toContain('entries 1 to 5: the chain is whole')
  expect(whole).toMatchObject({ status: 0, out: expect.stringContaining('signatures were not checked') })
  vi.stubEnv('DATABASE_URL', url)
  expect(await verify({})).toEqual(whole)
  await expect(verify({ 'data-dir': '/nowhere' })).rejects.toMatchObject({ code: 'DATABASE_OPEN_FAILED' })

  await services.database.tamper(`UPDATE AuditEntry SET path = '/x' WHERE sequence = 3`)
  expect(await verify({})).toMatchObject({ status: 1, out: expect.stringContaining('ENTRY_CHANGED: entry 3') })
})

test('an address that leads nowhere is one line without its password', async () => {
  const database = 'postgresql://u:planted-password@127.0.0.1:1/d'
  const error: unknown = await verify({ database }).catch((failure: unknown) => failure)
  expect(error).toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  expect(String(error)).not.toContain('planted')
})
