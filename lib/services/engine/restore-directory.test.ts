import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
