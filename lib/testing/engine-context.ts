import { createAdminServer } from '../adapters/adminserver/create-admin-server.ts'
import { createFileArchives } from '../adapters/archive/file-archives.ts'
import { createZooKeeper } from '../adapters/zookeeper/zookeeper.ts'
import { systemClock } from '../base/clock.ts'
import type { EngineContext, Log } from '../services/context.ts'

const nothing = () => undefined
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/** The real adapters, without a database. */
export function createEngineContext(options: { signal?: AbortSignal } = {}): EngineContext {
  return {
    zookeeper: createZooKeeper(),
    adminServers: createAdminServer(),
    archives: createFileArchives(),
    clock: systemClock,
    log: silentLog,
    signal: options.signal,
  }
}
