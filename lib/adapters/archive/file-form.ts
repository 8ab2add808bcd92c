import { type AgeKeys, type HeldKeys, NO_KEYS } from '../age/age-keys.ts'
import { type ByteSource, FileBytes } from './byte-source.ts'
import { SealedBytes } from './sealed-bytes.ts'
import { SealedFile } from './sealed-file.ts'
import { NewFile, type OutFile } from './write-file.ts'

export const AGE_SUFFIX = '.age'

/** What a file is called once it is decrypted. */
export function plainName(name: string): string {
  return name.endsWith(AGE_SUFFIX) ? name.slice(0, -AGE_SUFFIX.length) : name
}

/** A file that is being written, and how to read back what was written so far. */
export interface WritableFile extends OutFile {
  source(): Promise<ByteSource>
}

/** How new files are put on the disk: as they are, or sealed for recipients. */
export interface FileForm {
  readonly recipients: readonly string[] | null
  /** Behind the name of each file. */
  readonly suffix: '' | typeof AGE_SUFFIX
  create(path: string): Promise<WritableFile>
  readonly keys: AgeKeys
}

export const PLAIN_FORM: FileForm = {
  recipients: null,
  suffix: '',
  keys: NO_KEYS,
  create: async (path) => Object.assign(await NewFile.create(path), { source: () => FileBytes.open(path) }),
}

/** `held`: where the keys of what is written are kept for reading it back. */
export function sealedForm(recipients: readonly string[], held: HeldKeys): FileForm {
  return {
    recipients,
    suffix: AGE_SUFFIX,
    keys: held,
    create: async (path) => {
      const file = await SealedFile.create(path, recipients)
      held.hold(file.header, file.fileKey)
      return file
    },
  }
}

/** The content of a file, decrypted where its name says that it is encrypted. */
export function openContent(path: string, keys: AgeKeys = NO_KEYS): Promise<ByteSource> {
  return path.endsWith(AGE_SUFFIX) ? SealedBytes.open(path, keys) : FileBytes.open(path)
}

export async function readContent(path: string, keys: AgeKeys = NO_KEYS): Promise<Buffer> {
  const source = await openContent(path, keys)
  try {
    return await source.read(0, source.bytes)
  } finally {
    await source.close()
  }
}

/** The content of an encrypted file from front to back, from byte `start` of the content on. */
export async function* streamSealed(path: string, keys: AgeKeys, start = 0): AsyncGenerator<Buffer> {
  const source = await SealedBytes.open(path, keys)
  try {
    let at = 0
    for await (const chunk of source.stream()) {
      const skipped = Math.min(chunk.length, Math.max(0, start - at))
      at += chunk.length
      if (skipped < chunk.length) yield chunk.subarray(skipped)
    }
  } finally {
    await source.close()
  }
}
