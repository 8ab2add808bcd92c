import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { SealedBytes } from '../archive/sealed-bytes.ts'
import { SealedFile } from '../archive/sealed-file.ts'
import { HeldKeys, keysOf } from './age-keys.ts'
import { createAge } from './create-age.ts'
import { parseIdentities } from './identities.ts'
import { parseRecipient, parseRecipients, parseRecipientsFile } from './recipients.ts'

let dir: string
let secret: string
let recipient: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-age-test-'))
  secret = await generateIdentity()
  recipient = await identityToRecipient(secret)
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const random = new SeededRandom(20261126)
const bytesOf = (length: number) => Buffer.from(Array.from({ length }, () => random.below(256)))
const keys = async (text = secret) => keysOf({ list: async () => parseIdentities(text) })

/** Written in pieces, with a room in front that is filled in the end. */
async function writeSealed(path: string, content: Buffer, room: number, recipients = [recipient]): Promise<SealedFile> {
  const file = await SealedFile.create(path, recipients)
  if (room > 0) file.skip(room)
  for (let at = room; at < content.length; at += 50_000) await file.write(content.subarray(at, at + 50_000))
  if (room > 0) await file.fill(0, content.subarray(0, room))
  await file.finish()
  return file
}

test('each of several recipients reads it, and who is none does not', async () => {
  const second = await generateIdentity()
  const stranger = await generateIdentity()
  const path = join(dir, 'sealed.age')
  await writeSealed(path, Buffer.from('hello'), 0, [recipient, await identityToRecipient(second)])
  for (const text of [secret, `# comment\n\n${stranger}\n${second}\n`]) {
    const source = await SealedBytes.open(path, await keys(text))
    expect((await source.read(0, 5)).toString()).toBe('hello')
    await source.close()
  }
  await expect(SealedBytes.open(path, await keys(stranger))).rejects.toMatchObject({ code: 'KEY_MISSING' })
})

test('who has written it reads it back without a private key', async () => {
  const path = join(dir, 'sealed.age')
  const file = await writeSealed(path, Buffer.from('hello'), 0)
  const held = new HeldKeys()
  await expect(SealedBytes.open(path, held)).rejects.toMatchObject({ code: 'KEY_MISSING' })
  held.hold(file.header, file.fileKey)
  const source = await SealedBytes.open(path, held)
  expect((await source.read(0, 5)).toString()).toBe('hello')
  await source.close()
})

test('what is read while it is being written is what was written', async () => {
  const content = bytesOf(400_000)
  const file = await SealedFile.create(join(dir, 'sealed.age'), [recipient])
  file.skip(32 << 10)
  await file.write(content)
  const source = await file.source()
  expect((await source.read(32 << 10, content.length)).equals(content)).toBe(true)
  await source.close()
  await file.finish()
  const after = await SealedBytes.open(join(dir, 'sealed.age'), await keys())
  expect((await after.read(32 << 10, content.length)).equals(content)).toBe(true)
  await after.close()
})

test('a flipped bit anywhere, and a cut at any length, are found', async () => {
  const path = join(dir, 'sealed.age')
  await writeSealed(path, bytesOf(70_000), 0)
  const whole = await readFile(path)
  const readAll = async () => {
    const source = await SealedBytes.open(path, await keys())
    try {
      for await (const _ of source.stream());
    } finally {
      await source.close()
    }
  }
  const places = [...Array.from({ length: 60 }, () => random.below(whole.length)), 0, 30, whole.length - 1]
  for (const at of places) {
    const damaged = Buffer.from(whole)
    damaged[at] = damaged[at]! ^ (1 << random.below(8))
    await writeFile(path, damaged)
    // In the part of the header that names the recipient a flip makes it somebody else's.
    await expect(readAll(), `bit at ${at}`).rejects.toMatchObject({
      code: expect.stringMatching(/^(CIPHERTEXT_DAMAGED|KEY_MISSING)$/),
    })
    await writeFile(path, whole.subarray(0, at))
    await expect(readAll(), `cut at ${at}`).rejects.toMatchObject({ code: 'CIPHERTEXT_DAMAGED' })
  }
  await writeFile(path, Buffer.concat([whole, Buffer.from([0])]))
  await expect(readAll()).rejects.toMatchObject({ code: 'CIPHERTEXT_DAMAGED' })
})

test('what is no public key is refused with what it is, and a private key is never quoted', async () => {
  const messageOf = (text: string) => {
    try {
      parseRecipient(text)
    } catch (error) {
      return error instanceof Error ? error.message : ''
    }
    return 'accepted'
  }
  expect(parseRecipient(` ${recipient}\n`)).toBe(recipient)
  expect(messageOf(secret)).toMatch(/private key/)
  expect(messageOf(secret)).not.toContain(secret.slice(16, 40))
  expect(messageOf('ssh-ed25519 AAAA')).toMatch(/SSH/)
  expect(messageOf('age1yubikey1qwerty')).toMatch(/plugin/)
  expect(messageOf(`${recipient.slice(0, -1)}q`)).toMatch(/letter is wrong/)
  expect(messageOf('hello')).toMatch(/not a public key/)
  expect(parseRecipientsFile(`# a\n${recipient}\n\n${recipient}\n`)).toEqual([recipient])
  expect(() => parseRecipients([recipient, 'age1pq1'])).toThrow(/letter is wrong/)
})

test('identities: comments and several keys; what is wrong is named by its line and never quoted', async () => {
  expect(await parseIdentities(`# made\n${secret}\n`)).toEqual([{ secret, recipient }])
  const broken = `${secret.slice(0, -2)}QQ`
  await expect(parseIdentities(`\n${broken}`)).rejects.toMatchObject({
    code: 'IDENTITY_INVALID',
    message: expect.not.stringContaining(broken.slice(20)),
  })
  await expect(parseIdentities(`\n${broken}`)).rejects.toThrow(/Line 2/)
  await expect(parseIdentities(recipient)).rejects.toThrow(/public key/)
  await expect(parseIdentities('# nothing')).rejects.toThrow(/no private key/)
  await expect(parseIdentities('age-encryption.org/v1\n-> scrypt')).rejects.toThrow(/passphrase/)
})

test('private keys come from the configuration file as well, at each use, and what is wrong there is quoted nowhere', async () => {
  const second = await generateIdentity()
  const configFile = join(dir, 'arkeeper.json')
  const age = createAge({ identityFile: join(dir, 'given.txt'), configFile })
  await writeFile(join(dir, 'given.txt'), secret)
  const held = async () => (await age.machineIdentities()).map((each) => each.recipient)
  expect(await held()).toEqual([recipient])
  await writeFile(join(dir, 'second.txt'), `# of the office\n${second}\n`)
  const write = (encryption: object) => writeFile(configFile, JSON.stringify({ members: [], encryption }))
  await write({ identityFiles: ['second.txt'], identities: [secret] })
  expect(await held()).toEqual([recipient, await identityToRecipient(second)])
  for (const wrong of [{ identities: [second.slice(0, -1)] }, { identities: [{ key: second }] }, { keys: [second] }]) {
    await write(wrong)
    const error = await held().catch((fault: Error) => fault)
    expect(error).toMatchObject({ code: 'IDENTITY_INVALID' })
    expect(`${error} ${JSON.stringify(error)}`).not.toContain(second.slice(20, 40))
  }
  await writeFile(configFile, `{"encryption": {"identities": ["${second}"`)
  await expect(held()).rejects.toMatchObject({ message: expect.not.stringContaining(second.slice(20, 40)) })
})
