import { open } from 'node:fs/promises'
import type { JournalSink } from '../../domain/restore/ports.ts'

/** The journal of a restore as a file, to append to; see `RestoreDirectory.openJournal`. */
export async function openJournalFile(
  path: string,
  assertOwned: () => void,
): Promise<JournalSink & { close(): Promise<void> }> {
  const file = await open(path, 'a', 0o600)
  let bytes = 0
  let bytesMax = 0
  let torn = false
  const cutTorn = async () => {
    const { size } = await file.stat()
    // What is longer than the line has lines of another process in it.
    if (size > bytes && size <= bytesMax) await file.truncate(bytes)
  }
  return {
    append: async (line, options) => {
      assertOwned()
      // A full disk takes half a line. What follows it must not be glued to it, or the journal could not be read again.
      if (torn) await cutTorn()
      const text = Buffer.from(`${line}\n`)
      torn = true
      bytes = (await file.stat()).size
      bytesMax = bytes + text.length
      await file.appendFile(text)
      if (options?.durable) await file.datasync()
      torn = false
      if (options?.durable) assertOwned()
    },
    close: async () => {
      try {
        if (torn && isOwned(assertOwned)) await cutTorn()
      } finally {
        await file.close()
      }
    },
  }
}

function isOwned(assertOwned: () => void): boolean {
  try {
    assertOwned()
    return true
  } catch (_lost) {
    return false
  }
}
