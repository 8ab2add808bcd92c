import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSingleSignOn, type SingleSignOnEnv } from './read-single-sign-on.ts'

const NOTHING: SingleSignOnEnv = { issuer: null, clientId: null, clientSecret: null, clientSecretFile: null }
const SOUND = { issuer: 'https://id.example.org/realms/main', clientId: 'arkeeper', roles: { keepers: 'admin' } }

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'arkeeper-sso-'))
  writeFileSync(join(dir, 'secret'), 'planted-from-file\n')
  writeFileSync(join(dir, 'empty'), '\n')
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function read(content: unknown, env: Partial<SingleSignOnEnv> = {}) {
  const file = join(dir, 'arkeeper.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return readSingleSignOn(file, { ...NOTHING, ...env })
}

test('no file, or none of it, is no single sign-on', () => {
  expect(readSingleSignOn(join(dir, 'none.json'), NOTHING)).toBeNull()
  expect(read({ members: [] })).toBeNull()
})

test('what is not said has a careful default', () => {
  expect(read({ singleSignOn: SOUND })).toEqual({
    ...SOUND,
    clientSecret: null,
    scopes: ['openid', 'profile', 'email'],
    groupsClaim: 'groups',
    clusterRoles: {},
    allowedDomains: [],
    assumeEmailVerified: false,
    label: 'Single sign-on',
    createPeople: true,
    linkByEmail: false,
    passwordSignIn: 'everyone',
    sessionMs: 12 * 3600_000,
    signOutAtProvider: false,
  })
})

test('the environment stands above the file, and a secret may lie in a file of its own', () => {
  const singleSignOn = { ...SOUND, clientSecretFile: 'secret', scopes: ['email'] }
  expect(read({ singleSignOn })).toMatchObject({ clientSecret: 'planted-from-file', scopes: ['openid', 'email'] })
  expect(read({ singleSignOn }, { issuer: 'http://127.0.0.1:9', clientId: 'x', clientSecret: 'y' })).toMatchObject({
    issuer: 'http://127.0.0.1:9',
    clientId: 'x',
    clientSecret: 'y',
  })
  expect(read({ singleSignOn: SOUND }, { clientSecretFile: join(dir, 'secret') })).toMatchObject({
    clientSecret: 'planted-from-file',
  })
})

test.each<[string, unknown, Partial<SingleSignOnEnv>?]>([
  ['not a JSON object', '{ "singleSignOn": { "clientSecret": "planted" '],
  ['not an https address', { singleSignOn: { ...SOUND, issuer: 'http://id.example.org' } }],
  ['not an address', { singleSignOn: { ...SOUND, issuer: undefined } }],
  ['a query or a fragment', { singleSignOn: { ...SOUND, issuer: 'https://id.example.org/?a=b' } }],
  ['no client id', { singleSignOn: { ...SOUND, clientId: undefined } }],
  ['maps no group', { singleSignOn: { ...SOUND, roles: {} } }],
  ['maps no group', {}, { issuer: 'https://id.example.org', clientId: 'arkeeper' }],
  ['singleSignOn.roles.keepers', { singleSignOn: { ...SOUND, roles: { keepers: 'owner' } } }],
  ['singleSignOn', { singleSignOn: { ...SOUND, role: {} } }],
  ['singleSignOn.passwordSignIn', { singleSignOn: { ...SOUND, passwordSignIn: [] } }],
  ['cannot be read', { singleSignOn: { ...SOUND, clientSecretFile: 'none' } }],
  ['is empty', { singleSignOn: { ...SOUND, clientSecretFile: 'empty' } }],
])('what is not sound is refused: %s', (words, content, env) => {
  let error: unknown
  try {
    read(content, env)
  } catch (caught) {
    error = caught
  }
  expect(error).toMatchObject({ code: 'SINGLE_SIGN_ON_INVALID', message: expect.stringContaining(words) })
  expect(String(error)).not.toContain('planted')
})
