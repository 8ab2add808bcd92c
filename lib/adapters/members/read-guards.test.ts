import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createGuardRules } from './read-guards.ts'
import { parseMembers } from './read-members.ts'

const OURS = {
  application: 'Ours',
  signatures: [['/queue']],
  nodes: [{ pattern: '/queue/*', what: 'runtime', severity: 'danger', advice: 'Stop the workers first.' }],
}

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-guard-rules-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function write(name: string, json: unknown): Promise<string> {
  const file = join(dir, name)
  await writeFile(file, typeof json === 'string' ? json : JSON.stringify(json))
  return file
}

it('reads the section, or the file that it names beside itself, anew each time', async () => {
  const file = await write('inline.json', { guards: { applications: [OURS] } })
  const rules = createGuardRules(file)
  expect(await rules.list()).toMatchObject([{ application: 'Ours', source: 'the configuration file' }])
  await write('mine.json', { applications: [OURS, { ...OURS, application: 'Theirs' }] })
  await write('inline.json', { guards: 'mine.json' })
  expect((await rules.list()).map(({ application }) => application)).toEqual(['Ours', 'Theirs'])
})

it('is empty without a file or a section, and leaves members alone', async () => {
  expect(await createGuardRules(join(dir, 'none.json')).list()).toEqual([])
  expect(await createGuardRules(await write('members.json', { members: [] })).list()).toEqual([])
  expect(parseMembers(JSON.stringify({ guards: { applications: 'whatever' } }), 'f')).toEqual([])
})

it.each<[string, unknown, RegExp]>([
  [
    'an entry that is wrong',
    { guards: { applications: [{ ...OURS, nodes: [{ ...OURS.nodes[0], what: 'x' }] }] } },
    /guards\.applications: application 1 \(Ours\), nodes\.0\.what: /,
  ],
  ['a section of another form', { guards: [OURS] }, /guards/],
  ['no JSON', '{', /it is not JSON/],
])('says what is wrong and where: %s', async (_what, json, message) => {
  const file = await write('wrong.json', json)
  await expect(createGuardRules(file).list()).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(message),
  })
})

it('a file that is named and missing is not the same as none', async () => {
  const file = await write('points.json', { guards: 'gone.json' })
  await expect(createGuardRules(file).list()).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE' })
})
