import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PlanStep, PlanSummary } from '../../domain/restore/plan.ts'
import { encodeStep } from '../../domain/restore/step-codec.ts'
import { OPEN_ACL } from '../../domain/znode/acl.ts'
import { RestoreDirectory } from './restore-directory.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'arkeeper-restore-directory-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const summary: PlanSummary = {
  plan: 'sha256:00',
  mode: 'update',
  creates: 0,
  updates: 0,
  deletes: 0,
  aclChanges: 0,
  skipped: { ephemeral: 0, system: 0 },
  warnings: [],
  onConflict: 'stop',
  steps: 0,
  dataBytes: 0,
  source: 'a',
  target: 'b',
  sourcePath: '/',
  targetPath: '/',
  plannedAtZxid: 1n,
  fidelity: null,
  plannedAtMs: 1,
}

function creation(index: number, path: string, bytes: number): PlanStep {
  const data = Buffer.alloc(bytes, index)
  return {
    index,
    step: 'create',
    path,
    data,
    acl: OPEN_ACL,
    kind: 'persistent',
    ttlMs: null,
    expect: { kind: 'absent' },
  }
}

async function write(steps: readonly PlanStep[]): Promise<RestoreDirectory> {
  const directory = new RestoreDirectory(dir)
  const plan = await directory.writePlan()
  for (const step of steps) await plan.write(step, encodeStep(step))
  await plan.finish({ summary, connectString: '127.0.0.1:2181', clusterName: 'c', undoOf: null })
  return directory
}

describe('the steps of a plan', () => {
  test('come back as they were written, wherever the file is cut while it is read', async () => {
    // Longer than the chunks of a read, shorter, and with characters of several bytes at every boundary.
    const steps = Array.from({ length: 600 }, (_, i) =>
      creation(i, `/路径/x${'ü'.repeat(i)}`, i % 97 === 0 ? 400_000 : i),
    )
    const directory = await write(steps)
    let at = 0
    // As lines: comparing large buffers element by element takes half a minute.
    for await (const step of directory.readSteps()) expect(encodeStep(step) === encodeStep(steps[at++]!)).toBe(true)
    expect(at).toBe(steps.length)
  })

  test('can be read from the middle, left early, and be none at all', async () => {
    const steps = Array.from({ length: 5_000 }, (_, i) => creation(i, `/n${i}`, 100))
    const directory = await write(steps)
    const read: PlanStep[] = []
    for await (const step of directory.readSteps(4_990)) read.push(step)
    expect(read).toEqual(steps.slice(4_990))
    for await (const step of directory.readSteps()) {
      expect(step).toEqual(steps[0])
      break
    }
    for await (const _step of (await write([])).readSteps()) expect.unreachable()
  })
})

describe('what is on the disk', () => {
  test('a path may hold the line separators of Unicode', async () => {
    const steps = ['/a\u2028b', '/a\u2029b'].map((path, i) => creation(i, path, 1))
    const read: string[] = []
    for await (const step of (await write(steps)).readSteps()) read.push(step.path)
    expect(read).toEqual(steps.map((step) => step.path))
  })

  test('a new plan forgets the safety backup that was taken for the one before it', async () => {
    const directory = await write([creation(0, '/a', 1)])
    await directory.writeSafety({ dir: '/somewhere', archiveBytes: 1 })
    await write([creation(0, '/b', 1)])
    expect(await directory.findSafety()).toBeNull()
  })

  test('a process that lost the planning puts nothing in the place of the plan of another', async () => {
    const directory = await write([creation(0, '/a', 1)])
    const late = await directory.writePlan(() => {
      throw new Error('lost')
    })
    const slow = await directory.writePlan()
    await directory.writeSafety({ dir: '/somewhere', archiveBytes: 1 })
    const journal = await directory.openJournal(() => undefined)
    await journal.append('{"kind":"run","format":1,"run":"r","plan":"p","steps":1,"onConflict":"stop","at":1}')
    await journal.close()
    const stored = { summary, connectString: '127.0.0.1:2181', clusterName: 'c', undoOf: null }
    await expect(slow.finish(stored)).rejects.toMatchObject({ code: 'RESTORE_DIR_IN_USE' })
    await slow.abandon()
    await rm(join(dir, 'journal.jsonl'))
    await expect(late.finish(stored)).rejects.toThrow('lost')
    await late.abandon()
    expect(await directory.findSafety()).toMatchObject({ dir: '/somewhere' })
    expect((await directory.readSteps().next()).value).toMatchObject({ path: '/a' })
  })

  test('steps that were pinned are not taken from a file that came later', async () => {
    const directory = await write([creation(0, '/a', 1)])
    await directory.pinSteps()
    expect((await directory.readSteps().next()).value).toMatchObject({ path: '/a' })
    await write([creation(0, '/b', 1)])
    await expect(directory.readSteps().next()).rejects.toMatchObject({ code: 'PLAN_DAMAGED' })
    expect((await new RestoreDirectory(dir).readSteps().next()).value).toMatchObject({ path: '/b' })
  })

  test('steps that are gone are told from steps that cannot be read', async () => {
    const directory = await write([creation(0, '/a', 1)])
    await rm(join(dir, 'steps.jsonl'))
    await expect(directory.readSteps().next()).rejects.toMatchObject({ code: 'RESTORE_DIR_INVALID' })
  })

  test('a line of the journal for which the disk had no room leaves nothing of itself', async () => {
    const module = new URL('./restore-directory.ts', import.meta.url).href
    const script = `
      const { RestoreDirectory } = await import(${JSON.stringify(module)})
      const journal = await new RestoreDirectory(${JSON.stringify(dir)}).openJournal(() => undefined)
      const outcomes = []
      for (const length of [400, 400, 400, 100, 400]) {
        outcomes.push(await journal.append('x'.repeat(length)).then(() => length, (error) => error.code))
      }
      await journal.close()
      console.log(JSON.stringify(outcomes))`
    // No file may grow beyond 1 KiB; with the signal ignored, a write stops half-way as on a full disk.
    const limited = `trap '' XFSZ; ulimit -f 1; exec "$@"`
    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      limited,
      'bash',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ])
    expect(JSON.parse(stdout)).toEqual([400, 400, 'EFBIG', 100, 'EFBIG'])
    const lines = (await readFile(join(dir, 'journal.jsonl'), 'utf8')).split('\n')
    expect(lines.map((line) => line.length)).toEqual([400, 400, 100, 0])
  })

  test('the first safety backup stays: one that comes later may hold what the run has written', async () => {
    const directory = await write([creation(0, '/a', 1)])
    expect(await directory.writeSafety({ dir: '/first', archiveBytes: 1 })).toEqual({ dir: '/first', archiveBytes: 1 })
    expect(await directory.writeSafety({ dir: '/late', archiveBytes: 2 })).toEqual({ dir: '/first', archiveBytes: 1 })
    expect(await directory.findSafety()).toEqual({ dir: '/first', archiveBytes: 1 })
    expect((await readdir(dir)).filter((name) => name.endsWith('.tmp'))).toEqual([])
    const first = { dir: '/first', archiveBytes: 1 }
    const again = { dir: '/again', archiveBytes: 3 }
    expect(await directory.writeSafety(again, { replaces: first })).toEqual(again)
    expect(await directory.writeSafety({ dir: '/late', archiveBytes: 2 }, { replaces: first })).toEqual(again)
  })

  test('a process that lost the run while its line went to the disk is told before it sends what follows', async () => {
    let owned = true
    let asked = 0
    const journal = await new RestoreDirectory(dir).openJournal(() => {
      if (!owned) throw new Error('lost')
      // As a machine that falls asleep between the question and the write.
      if (++asked === 2) owned = false
    })
    await journal.append('{"kind":"run"}')
    await expect(journal.append('{"kind":"intent"}', { durable: true })).rejects.toThrow('lost')
    await expect(journal.append('{"kind":"outcome"}')).rejects.toThrow('lost')
    await journal.close()
    expect(await readFile(join(dir, 'journal.jsonl'), 'utf8')).toBe('{"kind":"run"}\n{"kind":"intent"}\n')
  })

  test('one process holds the lock, and leaves nothing of it behind', async () => {
    const directory = new RestoreDirectory(join(dir, 'new'))
    const unlock = await directory.lock()
    await expect(directory.lock()).rejects.toMatchObject({ code: 'RESTORE_DIR_IN_USE' })
    await unlock()
    expect(await readdir(join(dir, 'new'))).toEqual([])
    // A process that is gone holds nothing.
    await writeFile(join(dir, 'new', 'run.lock'), '999999999')
    await (await directory.lock())()
  })
})
