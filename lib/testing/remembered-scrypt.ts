import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { afterAll, beforeAll } from 'vitest'

type Callback = (error: Error | null, key: Buffer) => void

/**
 * For a file whose tests try the same few passwords over and over: a key that was derived once, by the real scrypt at its real cost, is
 * remembered for the same password, salt and cost. Whatever differs in one of them is derived.
 */
export function rememberScrypt(): void {
  const real = crypto.scrypt
  const known = new Map<string, Promise<Buffer>>()
  const remembering = (password: unknown, salt: unknown, length: number, options: unknown, callback: Callback) => {
    const id = JSON.stringify([password, salt, length, options])
    let key = known.get(id)
    if (!key) {
      key = new Promise((resolve, reject) => {
        const derived: Callback = (error, bytes) => (error ? reject(error) : resolve(bytes))
        Reflect.apply(real, crypto, [password, salt, length, options, derived])
      })
      known.set(id, key)
    }
    key.then(
      (bytes) => callback(null, Buffer.from(bytes)),
      (error: Error) => callback(error, Buffer.alloc(0)),
    )
  }
  beforeAll(() => {
    Object.assign(crypto, { scrypt: remembering })
    syncBuiltinESMExports()
  })
  afterAll(() => {
    Object.assign(crypto, { scrypt: real })
    syncBuiltinESMExports()
  })
}
