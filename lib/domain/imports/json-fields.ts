import type { Acl } from '../znode/acl.ts'
import { importFault } from './errors.ts'
import { IMPORT_VALUE_BYTES_MAX, tooLarge } from './imported-znode.ts'
import { type Json, JsonNumber, type JsonObject } from './json-walker.ts'

/** Members of one znode's object, read with the znode's path and place for the message. */
export class Fields {
  readonly path: string
  readonly at: number
  readonly #object: JsonObject

  constructor(object: JsonObject, path: string, at: number) {
    this.#object = object
    this.path = path
    this.at = at
  }

  get(name: string): Json | undefined {
    return this.#object.get(name)
  }

  need(name: string): Json {
    const value = this.#object.get(name)
    if (value === undefined) throw this.fault(`has no "${name}"`)
    return value
  }

  text(name: string): string {
    const value = this.need(name)
    if (typeof value !== 'string') throw this.fault(`has a "${name}" that is not a text`)
    return value
  }

  /** Base64, or null where null stands. */
  bytes(name: string): Uint8Array | null {
    const value = this.need(name)
    if (value === null) return null
    if (typeof value !== 'string') throw this.fault(`has a "${name}" that is neither a text nor null`)
    return this.base64(name, value)
  }

  base64(name: string, text: string): Uint8Array {
    if (text.length > (IMPORT_VALUE_BYTES_MAX / 3) * 4 + 8) throw tooLarge(this.path, (text.length / 4) * 3, this.at)
    const bytes = Buffer.from(text, 'base64')
    // Buffer passes over what is not base64: only what it would write again was read as it stands.
    const again = bytes.toString('base64')
    if (again !== text && again.replace(/=+$/, '') !== text) {
      throw importFault('BAD_BASE64', `The "${name}" of ${this.path} is not base64`, this.at)
    }
    return bytes
  }

  /** A 64-bit number; `otherwise` where it is missing. */
  int64(name: string, otherwise = 0n): bigint {
    const value = this.#object.get(name)
    if (value === undefined) return otherwise
    return this.#integer(name, value)
  }

  int(name: string, otherwise = 0): number {
    const value = this.#object.get(name)
    if (value === undefined) return otherwise
    const number = Number(this.#integer(name, value))
    if (!Number.isSafeInteger(number)) throw this.fault(`has a "${name}" out of range`)
    return number
  }

  list(name: string): readonly Json[] {
    const value = this.need(name)
    if (!Array.isArray(value)) throw this.fault(`has a "${name}" that is not a list`)
    return value
  }

  object(value: Json | undefined, what: string): Fields {
    if (!(value instanceof Map)) throw this.fault(`has ${what} that is not an object`)
    return new Fields(value, this.path, this.at)
  }

  acl(name: string, read: (entry: Fields) => Acl[number]): Acl {
    return this.list(name).map((entry) => read(this.object(entry, `an entry of "${name}"`)))
  }

  fault(what: string) {
    return importFault('BAD_IMPORT', `The znode ${this.path} ${what}`, this.at)
  }

  #integer(name: string, value: Json): bigint {
    if (!(value instanceof JsonNumber) || !/^-?\d{1,20}$/.test(value.text)) {
      throw this.fault(`has a "${name}" that is not a whole number`)
    }
    const number = BigInt(value.text)
    if (BigInt.asIntN(64, number) !== number) throw this.fault(`has a "${name}" of more than 64 bits`)
    return number
  }
}

/** 32 bits, as servers store them. */
export function permsOf(entry: Fields): number {
  const perms = entry.int('perms', Number.NaN)
  if (perms !== (perms | 0)) throw entry.fault('has an ACL entry with no valid "perms"')
  return perms
}
