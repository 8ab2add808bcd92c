import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { startEnsemble, startZooKeeper } from './zookeeper-server.ts'

test('a started server serves on 127.0.0.1 and leaves neither process nor data behind when stopped', async () => {
  const server = await startZooKeeper()
  expect(() => process.kill(server.pid, 0)).not.toThrow()
  await server.stop()
  expect(() => process.kill(server.pid, 0)).toThrow(/ESRCH/)
  await expect(access(server.dataDir)).rejects.toThrow(/ENOENT/)
  await expect(server.stop()).resolves.toBeUndefined()
})

test('an ensemble has as many members as asked for', async () => {
  const ensemble = await startEnsemble(3)
  try {
    expect(ensemble.servers).toHaveLength(3)
    expect(ensemble.connectString.split(',')).toHaveLength(3)
  } finally {
    await ensemble.stop()
  }
})

test('a server is never taken for another one that listens there already', async () => {
  const first = await startZooKeeper()
  try {
    await expect(startZooKeeper({ clientPort: first.port })).rejects.toMatchObject({ code: 'NOT_STARTED' })
  } finally {
    await first.stop()
  }
})

test('a port that was given out is not given to another process', async () => {
  // Their ids, which they begin to look at, are as good as equal.
  const script = `
    Object.defineProperty(process, 'pid', { value: 77 })
    const { findFreePort } = await import('./lib/testing/zookeeper-server.ts')
    console.log(JSON.stringify(await Promise.all(Array.from({ length: 5 }, () => findFreePort()))))
    process.stdin.resume()`
  const children = [1, 2].map(() => spawn(process.execPath, ['--input-type=module', '--eval', script]))
  try {
    const lines = await Promise.all(children.map((child) => once(child.stdout, 'data')))
    const ports: number[] = lines.flatMap(([line]) => JSON.parse(String(line)))
    expect(new Set(ports).size).toBe(10)
  } finally {
    for (const child of children) child.kill()
  }
})
