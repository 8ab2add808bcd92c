import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isAnythingMoved, PhysicalJournal, readJournal, standOf } from './journal.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-journal-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

it('says where the files of a member stand, also after a line that a crash has cut short', async () => {
  const journal = await PhysicalJournal.open({ dir }, () => 0)
  const stand = async () => standOf(await readJournal(dir), 'zk1')
  expect(await stand()).toBe('untouched')
  await journal.write({ pass: 'restore', step: 'stop', member: 'zk1', state: 'done' })
  expect(isAnythingMoved(journal.entries, 'restore')).toBe(false)
  await journal.write({ pass: 'restore', step: 'aside', member: 'zk1', state: 'begun' })
  expect(isAnythingMoved(await readJournal(dir), 'restore')).toBe(true)
  expect(await stand()).toBe('moving')
  await appendFile(join(dir, 'journal.jsonl'), '{"at":"2026-')
  expect(await stand()).toBe('moving')
  const again = await PhysicalJournal.open({ dir }, () => 0)
  await again.write({ pass: 'restore', step: 'aside', member: 'zk1', state: 'done' })
  expect(await stand()).toBe('aside')
  await again.write({ pass: 'restore', step: 'place', member: 'zk1', state: 'done' })
  expect(await stand()).toBe('placed')
  await again.write({ pass: 'undo', step: 'aside', member: 'zk1', state: 'done' })
  expect(await stand()).toBe('going-back')
  await again.write({ pass: 'undo', step: 'back', member: 'zk1', state: 'done' })
  expect(await stand()).toBe('back')
  expect(standOf(await readJournal(dir), 'zk2')).toBe('untouched')
})

it('keeps what failed, and passes over what is done', async () => {
  const journal = await PhysicalJournal.open({ dir }, () => 0)
  const place = { pass: 'restore', step: 'place', member: 'zk1' } as const
  await expect(journal.once(place, () => Promise.reject(new Error('full')))).rejects.toThrow('full')
  expect(journal.entries.at(-1)).toMatchObject({ state: 'failed', note: 'full' })
  let times = 0
  const work = async () => `${++times}`
  await journal.once(place, work)
  await journal.once(place, work)
  expect(times).toBe(1)
})
