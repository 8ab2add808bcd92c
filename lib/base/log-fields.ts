import { AsyncLocalStorage } from 'node:async_hooks'

/** What every line of the log says while some work is done: ids and kinds, never a name, an address of a person or a value. */
export type LogFields = Readonly<Record<string, string | number>>

declare global {
  /** Bundles hold a copy of this file each, and a line that one of them writes belongs to the request that another has let in. */
  var arkeeperLogFields: AsyncLocalStorage<Record<string, string | number>> | undefined
}
globalThis.arkeeperLogFields ??= new AsyncLocalStorage()
const storage = globalThis.arkeeperLogFields

/** Everything that is logged inside of the work, however deep, has these fields, besides those of the work around it. */
export function withLogFields<T>(fields: LogFields, work: () => T): T {
  return storage.run({ ...storage.getStore(), ...fields }, work)
}

/** From now on in the work under way: who is signed in is known only when the session was read. Outside of any work nothing happens. */
export function addLogFields(fields: LogFields): void {
  const store = storage.getStore()
  if (store !== undefined) Object.assign(store, fields)
}

export function currentLogFields(): LogFields {
  return storage.getStore() ?? {}
}
