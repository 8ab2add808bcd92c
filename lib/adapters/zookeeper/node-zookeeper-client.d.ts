// The package has no types. Only what the adapter touches is declared, from its sources of version 1.1.3.
declare module 'node-zookeeper-client' {
  import type { EventEmitter } from 'node:events'
  import type { Socket } from 'node:net'

  /** What `queue` needs of a request: `toBuffer` is called when it is written, after `header.xid` was set. */
  interface PackageRequest {
    readonly header: { xid: number; readonly type: number }
    toBuffer(): Buffer
  }

  interface PackagePacket {
    readonly request: PackageRequest
    readonly callback: (error: { readonly code: number } | null, response?: unknown) => void
  }

  interface PackageWatcherManager {
    registerDataWatcher(path: string, watcher: () => void): void
    registerChildWatcher(path: string, watcher: () => void): void
    registerExistenceWatcher(path: string, watcher: () => void): void
    getDataWatcherPaths(): string[]
    getChildWatcherPaths(): string[]
    getExistenceWatcherPaths(): string[]
    readonly dataWatchers: Record<string, EventEmitter | undefined>
    readonly childWatchers: Record<string, EventEmitter | undefined>
    readonly existenceWatchers: Record<string, EventEmitter | undefined>
    emit(event: { readonly type: number; readonly path: string }): void
  }

  /** Emits `state` with one of the STATES numbers. */
  interface PackageConnectionManager extends EventEmitter {
    state: number
    socket: Socket | undefined
    xid: number
    zxid: Buffer
    sessionId: Buffer
    sessionPassword: Buffer
    sessionTimeout: number
    pendingBuffer: Buffer | null
    readonly pendingQueue: PackagePacket[]
    readonly packetQueue: { queue: PackagePacket[]; unshift(packet: PackagePacket): void }
    readonly watcherManager: PackageWatcherManager
    setState(state: number): void
    connect(): void
    queue(request: PackageRequest, callback?: PackagePacket['callback']): void
    onSocketConnected(): void
    onSocketData(chunk: Buffer): void
    onSocketDrain(): void
    onSocketClosed(hadError: boolean): void
    onSocketTimeout(): void
  }

  interface PackageClient extends EventEmitter {
    readonly connectionManager: PackageConnectionManager
    connect(): void
    close(): void
  }

  const zookeeper: {
    createClient(
      connectString: string,
      options?: { sessionTimeout?: number; spinDelay?: number; retries?: number },
    ): PackageClient
  }
  export default zookeeper
  export type { PackageClient, PackageConnectionManager, PackagePacket, PackageRequest, PackageWatcherManager }
}
