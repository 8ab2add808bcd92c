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
