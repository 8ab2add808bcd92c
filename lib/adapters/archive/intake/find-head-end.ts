const SESSION_BYTES = 12
const ID_BYTES = 8
const PERMS_BYTES = 4

/** Where the sessions and the ACL table that begin at `from` end; null where more bytes are needed to say so. Whether they are sound is for a reader to say. */
export function findHeadEnd(bytes: Buffer, from: number): number | null {
  let at = from
  const takeCount = (): number | null => {
    if (at + 4 > bytes.length) return null
    const count = bytes.readInt32BE(at)
    at += 4
    return Math.max(count, 0)
  }
  const sessions = takeCount()
  if (sessions === null) return null
  at += sessions * SESSION_BYTES
  const lists = takeCount()
  if (lists === null) return null
  for (let list = 0; list < lists; list++) {
    at += ID_BYTES
    const entries = takeCount()
    if (entries === null) return null
    for (let entry = 0; entry < entries; entry++) {
      at += PERMS_BYTES
      for (const _text of ['scheme', 'id']) {
        const length = takeCount()
        if (length === null) return null
        at += length
      }
    }
  }
  return at <= bytes.length ? at : null
}
