import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFileArchives } from '../../adapters/archive/file-archives.ts'
import { addCataloguedBackup } from '../../testing/catalogued-backup.ts'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople, workOffJobs } from '../../testing/work-off-jobs.ts'
import { runVerify } from '../backups/run-verify.ts'
import { setBackupPinned } from '../backups/set-backup-pinned.ts'
import { startVerify } from '../backups/start-verify.ts'
import { runCopy, startCopy } from '../stores/copy-backup.ts'
import { runDueStores } from '../stores/run-due-stores.ts'
import { getZnode } from '../tree/get-znode.ts'
import { addRecipient, removeRecipient } from './change-recipients.ts'
import { findRecipients } from './find-recipients.ts'
import { getEncryption } from './get-encryption.ts'
import { proveKey } from './prove-key.ts'
import { setEncryption } from './set-encryption.ts'
import { startReencrypt } from './start-reencrypt.ts'
import { lock, sweepUnlocks, unlock } from './unlock.ts'

// A database on disk for each test: slow where many test files run at once.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let services: TestServices
let secret: string
let recipient: string
const clusterId = 'c1'

beforeEach(async () => {
  services = await createTestServices({ archives: (keys) => createFileArchives({ keys }) })
  await services.database.client.cluster.create({
    data: {
      id: clusterId,
      name: 'orders',
      connectString: '127.0.0.1:1',
      sessionTimeoutMs: 10_000,
      environment: 'production',
    },
  })
  secret = await generateIdentity()
  recipient = await identityToRecipient(secret)
})
afterEach(() => services.close())

const admin = () => services.contextFor('admin')
const operator = () => services.contextFor('operator')
const view = () => getEncryption(admin(), clusterId)

async function turnOn(key = recipient): Promise<string> {
  const { recipientId } = await addRecipient(admin(), { clusterId, recipient: key })
  await setEncryption(admin(), { clusterId, mode: 'own' })
  return recipientId
}

async function addFarStore(): Promise<string> {
  const settings = { path: join(admin().paths.dataDir, 'far') }
  await admin().db.store.create({ data: { id: 'elsewhere', name: 'elsewhere', kind: 'folder', settings } })
  return 'elsewhere'
}

/** Nothing that is kept or said holds a private key. */
async function expectNowhere(text: string) {
  const hidden = text.slice(20, 50)
  expect(JSON.stringify(await services.readAudit())).not.toContain(hidden)
  expect(services.logLines.join('\n')).not.toContain(hidden)
  const rows = await services.database.client.keyUnlock.findMany()
  for (const row of rows) expect(Buffer.from(row.secret).includes(hidden)).toBe(false)
}

describe('the keys of a cluster', () => {
  test('are administrators’ to choose, and stand in the audit', async () => {
    for (const context of [operator(), services.contextFor('viewer')]) {
      await expect(addRecipient(context, { clusterId, recipient })).rejects.toMatchObject({ code: 'FORBIDDEN' })
      await expect(setEncryption(context, { clusterId, mode: 'off' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    }
    await turnOn()
    expect(await findRecipients(admin(), clusterId)).toEqual([recipient])
    const entries = (await services.readAudit()).filter(({ outcome }) => outcome === 'ok')
    expect(entries.map(({ action }) => action)).toEqual(['encryption.set', 'encryption.set'])
    expect(JSON.stringify(entries)).toContain(recipient)
  })

  test('are public keys, each once; a private one is refused and repeated nowhere', async () => {
    await expect(addRecipient(admin(), { clusterId, recipient: secret })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: { fields: { recipient: expect.stringContaining('private key') } },
    })
    await expectNowhere(secret)
    await addRecipient(admin(), { clusterId, recipient })
    await expect(addRecipient(admin(), { clusterId, recipient })).rejects.toThrow('in the list already')
  })

  test('of all clusters hold where nothing else is chosen', async () => {
    await expect(setEncryption(admin(), { mode: 'own' })).rejects.toMatchObject({ code: 'WRONG_STATE' })
    await addRecipient(admin(), { clusterId, recipient, forAll: true })
    expect(await findRecipients(admin(), clusterId)).toEqual([])
    await setEncryption(admin(), { mode: 'own' })
    expect(await findRecipients(admin(), clusterId)).toEqual([recipient])
    await setEncryption(admin(), { clusterId, mode: 'off' })
    expect(await findRecipients(admin(), clusterId)).toEqual([])
    const own = await identityToRecipient(await generateIdentity())
    await turnOn(own)
    expect(await findRecipients(admin(), clusterId)).toEqual([own])
  })

  test('do not go down to none while encryption is on', async () => {
    const recipientId = await turnOn()
    await expect(removeRecipient(admin(), { clusterId, recipientId })).rejects.toMatchObject({ code: 'WRONG_STATE' })
    expect(await findRecipients(admin(), clusterId)).toEqual([recipient])
    await setEncryption(admin(), { clusterId, mode: 'off' })
    await removeRecipient(admin(), { clusterId, recipientId })
    expect((await view()).own).toEqual([])
  })

  test('are proved by opening something, and only by the right private key', async () => {
    const recipientId = await turnOn()
    expect(await view()).toMatchObject({ isUnproved: true, own: [{ provedAt: null, heldBy: null }] })
    const wrong = await generateIdentity()
    await expect(proveKey(operator(), { clusterId, recipientId, identity: wrong })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await expect(proveKey(operator(), { clusterId, recipientId })).rejects.toThrow(/No private key at hand/)
    expect(await view()).toMatchObject({ isUnproved: true })
    await proveKey(operator(), { clusterId, recipientId, identity: `# mine\n${secret}\n` })
    expect(await view()).toMatchObject({ isUnproved: false, own: [{ provedAt: expect.any(String), heldBy: null }] })
    await expectNowhere(secret)
    await expectNowhere(wrong)
  })
})

describe('an encrypted backup', () => {
  const read = () => getZnode(operator(), { ref: { kind: 'backup', backupId: 'b1' }, path: '/a' })

  beforeEach(async () => {
    await addCataloguedBackup(services, 'b1', [{ path: '/a', data: 'hello' }], { recipients: [recipient] })
  })

  test('is read while its key is unlocked, and no longer', async () => {
    await expect(read()).rejects.toMatchObject({ code: 'KEY_MISSING' })
    await expect(unlock(services.contextFor('viewer'), { clusterId, identity: secret })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    await unlock(operator(), { clusterId, identity: secret, minutes: 30 })
    expect(await read()).toMatchObject({ kind: 'found' })
    expect(await view()).toMatchObject({ unlocks: [{ recipient, byName: 'operator one' }] })
    await expectNowhere(secret)

    services.clock.advance(30 * 60_000)
    await expect(read()).rejects.toMatchObject({ code: 'KEY_MISSING' })
    expect(await sweepUnlocks(admin())).toBe(true)
    expect(await sweepUnlocks(admin())).toBe(false)
    expect(await services.database.client.keyUnlock.count()).toBe(0)
    expect((await services.readAudit()).at(-1)).toMatchObject({ action: 'encryption.lock', reason: 'its time is over' })
  })

  test('is closed again by hand, also where it was open already', async () => {
    await unlock(operator(), { clusterId, identity: secret })
    expect(await read()).toMatchObject({ kind: 'found' })
    const [row] = (await view()).unlocks
    await lock(operator(), { clusterId, unlockId: row?.id ?? '' })
    await expect(read()).rejects.toMatchObject({ code: 'KEY_MISSING' })
    await expect(lock(operator(), { clusterId, unlockId: row?.id ?? '' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('stays closed to the key of somebody else, and to what is none', async () => {
    await unlock(operator(), { clusterId, identity: await generateIdentity() })
    await expect(read()).rejects.toMatchObject({ code: 'KEY_MISSING' })
    await expect(unlock(operator(), { clusterId, identity: recipient })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: { fields: { identity: expect.stringContaining('public key') } },
    })
  })
})

describe('rotation', () => {
  const newSecret = generateIdentity()
  const folders = () => readdir(join(admin().paths.storeDir, 'orders'))
  const rowOf = (id: string) => services.database.client.backup.findUniqueOrThrow({ where: { id } })
  const needOf = async (key: string) => (await view()).needs.find((need) => need.recipient === key)

  beforeEach(async () => {
    await addTestPeople(services)
    await addCataloguedBackup(services, 'plain', [{ path: '/a', data: 'one' }])
    await addCataloguedBackup(services, 'old', [{ path: '/a', data: 'two' }], { recipients: [recipient] })
    await turnOn(await identityToRecipient(await newSecret))
  })

  test('encrypts every backup anew, removes the former, and says that the old key is needed no more', async () => {
    const newKey = await identityToRecipient(await newSecret)
    expect(await view()).toMatchObject({ plainBackups: 1, staleBackups: 2 })
    expect(await needOf(recipient)).toMatchObject({ backups: 1, onlyByIt: 1, isCurrent: false })
    await expect(startReencrypt(operator(), { clusterId })).rejects.toMatchObject({ code: 'FORBIDDEN' })

    await unlock(admin(), { clusterId, identity: secret })
    await startReencrypt(admin(), { clusterId })
    await expect(startReencrypt(admin(), { clusterId })).rejects.toMatchObject({ code: 'WRONG_STATE' })
    const former = await folders()
    expect(await workOffJobs(services)).toBe(1)
    expect(await services.database.client.job.findFirst()).toMatchObject({ state: 'succeeded' })
    expect(await view()).toMatchObject({ plainBackups: 0, staleBackups: 0, rotationJobId: null })
    expect(await needOf(recipient)).toBeUndefined()
    expect(await needOf(newKey)).toMatchObject({ backups: 2, onlyByIt: 2, isCurrent: true })
    const now = await folders()
    expect(now).toHaveLength(2)
    expect(now.filter((name) => former.includes(name))).toEqual([])

    // The old key opens nothing any more; the new one opens all.
    const look = (backupId: string) => getZnode(operator(), { ref: { kind: 'backup', backupId }, path: '/a' })
    await expect(look('old')).rejects.toMatchObject({ code: 'KEY_MISSING' })
    await unlock(admin(), { clusterId, identity: await newSecret })
    for (const [id, text] of [
      ['old', 'two'],
      ['plain', 'one'],
    ] as const) {
      expect(await look(id)).toMatchObject({ znode: { data: Buffer.from(text).toString('base64') } })
      const dir = join(admin().paths.storeDir, (await rowOf(id)).dir)
      expect(await admin().archives.verify(dir)).toMatchObject({ ok: true, encryption: { opened: true } })
    }
  })

  test('leaves what it cannot open as it was, says so, and goes on with it when the key is there', async () => {
    const before = await rowOf('old')
    await startReencrypt(admin(), { clusterId })
    await workOffJobs(services)
    const job = await services.database.client.job.findFirstOrThrow()
    expect(job).toMatchObject({ state: 'failed', error: { code: 'REENCRYPT_INCOMPLETE' } })
    expect(await rowOf('old')).toMatchObject({ dir: before.dir, recipients: [recipient] })
    expect(await view()).toMatchObject({ plainBackups: 0, staleBackups: 1 })

    // Nothing is left that could be done without it.
    await expect(startReencrypt(admin(), { clusterId })).rejects.toMatchObject({
      code: 'WRONG_STATE',
      message: expect.stringContaining(recipient),
    })
    await unlock(admin(), { clusterId, identity: secret })
    await startReencrypt(admin(), { clusterId })
    await workOffJobs(services)
    expect(await view()).toMatchObject({ staleBackups: 0 })
  })

  test('makes copies in other stores anew as well, counts the former until then, and removes them', async () => {
    const { db } = admin()
    const storeId = await addFarStore()
    await startCopy(admin(), { backupId: 'old', storeId })
    await workOffJobs(services)
    const copy = () => db.backupCopy.findFirstOrThrow()
    const { dir } = await copy()
    await unlock(admin(), { clusterId, identity: secret })
    await startReencrypt(admin(), { clusterId })
    await workOffJobs(services, { except: ['copy'] })
    expect(await copy()).toMatchObject({ state: 'queued' })
    expect(await needOf(recipient)).toMatchObject({ backups: 0, formerCopies: 1 })
    expect(await view()).toMatchObject({ formerCopies: 1 })
    await workOffJobs(services)
    expect(await copy()).toMatchObject({ state: 'present' })
    expect((await copy()).dir).not.toBe(dir)
    while (await runDueStores(admin(), 'w1'));
    expect(await needOf(recipient)).toBeUndefined()
    expect(await view()).toMatchObject({ formerCopies: 0 })
    expect(await readdir(join(admin().paths.dataDir, 'far', 'orders'))).toHaveLength(1)
    const newKey = await identityToRecipient(await newSecret)
    const { encryption } = await admin().archives.readManifest(join(admin().paths.dataDir, 'far', (await copy()).dir))
    expect(encryption?.recipients).toEqual([newKey])
  })

  test('leaves alone what something reads, says what, and goes on with it by itself when that has ended', async () => {
    const { dir } = await rowOf('old')
    await unlock(admin(), { clusterId, identity: secret })
    const { db } = admin()
    const at = { createdById: 'admin-1', createdAt: new Date(services.clock.now()) }
    const how = { scope: { kind: 'all' }, mode: 'update', onConflict: 'stop', dir: 'restores/r1', state: 'planned' }
    await db.restore.create({
      data: { id: 'r1', clusterId, source: 'backup:old', sourceLabel: 'old', ...how, ...at },
    })
    await startReencrypt(admin(), { clusterId })
    await workOffJobs(services)
    expect(await rowOf('old')).toMatchObject({ dir, formerDir: null })
    expect(await rowOf('plain')).toMatchObject({ recipients: [await identityToRecipient(await newSecret)] })
    expect(await view()).toMatchObject({
      staleBackups: 1,
      waiting: [{ backupId: 'old', restoreId: 'r1' }],
      rotationWaitsUntil: new Date(services.clock.now() + 10 * 60_000).toISOString(),
    })
    expect(await db.jobLog.findFirst({ where: { message: { contains: 'restore r1' } } })).not.toBeNull()

    // Asked for again, the round that waits comes at once, and the next one later.
    const { jobId } = await startReencrypt(admin(), { clusterId })
    await workOffJobs(services)
    expect(await db.job.findUnique({ where: { id: jobId } })).toMatchObject({ state: 'succeeded' })
    expect(await db.job.count({ where: { state: 'queued' } })).toBe(1)

    await db.restore.update({ where: { id: 'r1' }, data: { state: 'cancelled' } })
    services.clock.advance(40 * 60_000)
    await workOffJobs(services)
    expect(await view()).toMatchObject({ staleBackups: 0, waiting: [], rotationJobId: null })
  })

  test('keeps what was noted beside a backup, and is no verdict of another archive', async () => {
    await setBackupPinned(admin(), { backupId: 'old', pinned: true })
    await startVerify(admin(), 'old')
    const claimed = await services.database.client.job.findFirstOrThrow({ where: { kind: 'verify' } })
    const run = { job: claimed, progress: () => undefined, log: async () => undefined, assertOwned: () => undefined }
    await unlock(admin(), { clusterId, identity: secret })
    const read = await runVerify(admin(), { backupId: 'old' }, run as never)
    const copied = await runCopy(admin(), { backupId: 'old', storeId: await addFarStore() }, run as never)
    await services.database.client.job.delete({ where: { id: claimed.id } })
    await startReencrypt(admin(), { clusterId })
    await workOffJobs(services)
    await admin().db.$transaction(async (tx) => read.commit?.(tx))
    expect(await rowOf('old')).toMatchObject({ verifyOk: null, verifiedAt: null })
    await expect(admin().db.$transaction(async (tx) => copied.commit?.(tx))).rejects.toMatchObject({
      code: 'WRONG_STATE',
    })
    const dir = join(admin().paths.storeDir, (await rowOf('old')).dir)
    expect(JSON.parse(await readFile(join(dir, 'catalog.json'), 'utf8'))).toMatchObject({ backup: 'old', pinned: true })
  })

  test('removes what a run that was killed between the two has left', async () => {
    const { dir } = await rowOf('plain')
    await services.database.client.backup.update({
      where: { id: 'old' },
      data: { formerStoreId: 'default', formerDir: dir },
    })
    await services.database.client.backup.delete({ where: { id: 'plain' } })
    await unlock(admin(), { clusterId, identity: secret })
    await startReencrypt(admin(), { clusterId })
    await workOffJobs(services)
    expect(await rowOf('old')).toMatchObject({ formerDir: null, formerStoreId: null })
    expect(await folders()).toHaveLength(1)
  })
})
