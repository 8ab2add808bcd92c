import { chmod, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BaseFile } from '../../adapters/archive/store.ts'
import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { formatHex64Bare, parseHex64 } from '../../base/hex64.ts'
import type { ServiceContext } from '../context.ts'
import { sealFile, unsealFile } from './sealed-base.ts'

const NAME = /^base\.([0-9a-f]{1,16})(\.sealed)?$/

interface Found {
  readonly path: string
  readonly zxid: bigint
  readonly isSealed: boolean
}

/**
 * The newest base of a stream on this host, unpacked, to go on from: one native snapshot in the work folder. Where archives are encrypted it
 * lies there sealed with the installation's key, and is plain only while it is opened.
 */
export class LocalBases {
  readonly #context: Pick<ServiceContext, 'secrets' | 'log'>
  readonly #dir: string
  readonly #scratchDir: string
  readonly #isEncrypted: boolean
  #unsealed: string[] = []

  constructor(
    context: Pick<ServiceContext, 'secrets' | 'log'>,
    place: { readonly dir: string; readonly scratchDir: string; readonly isEncrypted: boolean },
  ) {
    this.#context = context
    this.#dir = place.dir
    this.#scratchDir = place.scratchDir
    this.#isEncrypted = place.isEncrypted
  }

  /** Newest first. */
  async list(): Promise<Found[]> {
    const found: Found[] = []
    for (const name of await readdir(this.#dir)) {
      const match = NAME.exec(name)
      const zxid = parseHex64(match?.[1] ?? '')
      if (zxid === null) continue
      const path = join(/* turbopackIgnore: true */ this.#dir, name)
      found.push({ path, zxid, isSealed: match?.[2] !== undefined })
    }
    return found.sort((a, b) => (a.zxid < b.zxid ? 1 : a.zxid > b.zxid ? -1 : Number(b.isSealed) - Number(a.isSealed)))
  }

  /** What an earlier run left as it is not wanted now, and what it left of its work. */
  async putInOrder(): Promise<void> {
    for (const name of await readdir(this.#dir)) {
      if (name.endsWith('.part')) await rm(join(/* turbopackIgnore: true */ this.#dir, name), { force: true })
    }
    if (!this.#isEncrypted) return
    for (const { path, isSealed } of await this.list()) {
      if (isSealed) continue
      await sealFile(this.#context.secrets, path, `${path}.sealed`)
      await rm(path, { force: true })
    }
  }

  /** As files that can be opened; `release` removes those that were made for it. */
  async open(): Promise<BaseFile[]> {
    const bases: BaseFile[] = []
    for (const { path, zxid, isSealed } of await this.list()) {
      const at = isSealed ? await this.#unseal(path, zxid) : path
      if (at === null) continue
      const { size } = await stat(at)
      bases.push({
        ...{ name: `base.${formatHex64Bare(zxid)}`, path: at, zxid, bytes: size, isExact: true, kindsKnown: true },
      })
    }
    return bases
  }

  async release(): Promise<void> {
    for (const path of this.#unsealed.splice(0)) await rm(path, { force: true })
  }

  /** In place of those that are there. Takes the file, or leaves it to whoever made it. */
  async keep(from: string, zxid: bigint): Promise<void> {
    const former = await this.list()
    const path = join(/* turbopackIgnore: true */ this.#dir, `base.${formatHex64Bare(zxid)}`)
    const kept = this.#isEncrypted ? `${path}.sealed` : path
    if (this.#isEncrypted) await sealFile(this.#context.secrets, from, kept)
    else {
      await chmod(from, 0o600)
      await rename(from, kept)
    }
    for (const other of former) if (other.path !== kept) await rm(other.path, { force: true })
  }

  /** Those behind `to`, or all. */
  async drop(to: bigint | null): Promise<void> {
    for (const { path, zxid } of await this.list()) {
      if (to === null || zxid > to) await rm(path, { force: true })
    }
  }

  async #unseal(path: string, zxid: bigint): Promise<string | null> {
    const to = join(/* turbopackIgnore: true */ this.#scratchDir, `opened.${formatHex64Bare(zxid)}`)
    await rm(to, { force: true })
    this.#unsealed.push(to)
    try {
      await unsealFile(this.#context.secrets, path, to)
      return to
    } catch (error) {
      if (!isArkeeperError(error) && !(error instanceof Error && 'code' in error)) throw error
      this.#context.log.warn(
        { path, error: formatErrorLine(error) },
        'A base of the stream on this host cannot be read',
      )
      await rm(to, { force: true })
      return null
    }
  }
}
