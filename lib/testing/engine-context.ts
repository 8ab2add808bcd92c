import { createAdminServer } from '../adapters/adminserver/create-admin-server.ts'
import { createFileArchives } from '../adapters/archive/file-archives.ts'
import { createScratch } from '../adapters/scratch/create-scratch.ts'
import type { ScratchSettings } from '../adapters/scratch/scratch-server.ts'
import { createObserver } from '../adapters/zookeeper/create-observer.ts'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import { systemClock } from '../base/clock.ts'
import type { EngineContext, Log } from '../services/context.ts'

const nothing = () => undefined
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/** The server that the tests' own servers are of. */
export function scratchSettings(): ScratchSettings {
  const { ARKEEPER_ZOOKEEPER_CLASSPATH: classpath, PATH: searchPath = '' } = process.env
  return { classpath: classpath || null, zookeeperHome: null, javaHome: null, searchPath }
}

/** The real adapters, without a database. */
export function createEngineContext(options: { signal?: AbortSignal } = {}): EngineContext {
  return {
    zookeeper: createZooKeeper(),
    adminServers: createAdminServer(),
    observers: createObserver(),
    archives: createFileArchives(),
    scratch: createScratch(scratchSettings()),
    clock: systemClock,
    log: silentLog,
    signal: options.signal,
  }
}
