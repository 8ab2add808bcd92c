import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BundledCommand, bundleCommand, finish } from '../testing/bundled-command.ts'

const FIXTURE = fileURLToPath(new URL('../adapters/archive/imports/fixtures/zk-shell.json', import.meta.url))
let arkeeper: BundledCommand
let dir = ''
let recipient = ''

beforeAll(async () => {
  arkeeper = await bundleCommand()
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-cli-'))
  const secret = await generateIdentity()
  recipient = await identityToRecipient(secret)
  await writeFile(join(dir, 'key.txt'), `# a comment\n${secret}\n`)
  await writeFile(join(dir, 'recipients.txt'), `# who may read\n${recipient}\n`)
})
afterAll(async () => {
  await arkeeper?.remove()
  await rm(dir, { recursive: true, force: true })
})

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [arkeeper.file, ...args, '--quiet'], {
    cwd: dir,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ran = await finish(child)
  return { ...ran, json: () => JSON.parse(ran.out) }
}

test('an archive that is encrypted is read with the identity, checked without it, and opened by nobody else', async () => {
  const imported = await run(['import', FIXTURE, '--out', 'store', '--recipients-file', 'recipients.txt', '--json'])
  expect(imported).toMatchObject({ status: 0, err: '' })
  const { archive } = imported.json()
  expect((await readdir(archive)).filter((name) => !name.endsWith('.age'))).toEqual(['manifest.json'])

  const blind = await run(['verify', archive, '--json'])
  expect(blind.json()).toMatchObject({ ok: true, znodes: 0, encryption: { opened: false, recipients: [recipient] } })
  const seeing = await run(['verify', archive, '--identity', 'key.txt', '--json'])
  expect(seeing.json()).toMatchObject({ ok: true, checksumOk: true, encryption: { opened: true } })
  expect(seeing.json().znodes).toBeGreaterThan(3)
  expect((await run(['inspect', archive, '--json'])).json()).toMatchObject({
    type: 'archive',
    manifest: { encryption: { format: 'age' } },
    problems: [],
  })

  const refused = await run(['ls', archive, '/'])
  expect(refused).toMatchObject({ status: 2, out: '' })
  expect(refused.err).toMatch(/^KEY_MISSING: .*--identity FILE/)
  const listed = await run(['ls', archive, '/'], { ARKEEPER_AGE_IDENTITY_FILE: join(dir, 'key.txt') })
  expect(listed).toMatchObject({ status: 0, err: '' })
  expect(await run(['diff', archive, FIXTURE, '--ephemerals', '--identity', 'key.txt'])).toMatchObject({ status: 0 })
})

test('what is given wrong is said in one line, and a private key is not repeated', async () => {
  const secret = await generateIdentity()
  const asRecipient = await run(['import', FIXTURE, '--out', 'store', '--recipient', secret])
  expect(asRecipient).toMatchObject({ status: 2, err: expect.stringMatching(/^RECIPIENT_INVALID: .*private key/) })
  expect(asRecipient.err).not.toContain(secret.slice(20))
  const asIdentity = await run(['ls', 'store', '/', '--identity', 'recipients.txt'])
  expect(asIdentity).toMatchObject({ status: 2, err: expect.stringMatching(/^IDENTITY_INVALID: Line 2/) })
})
