import { importFault } from './errors.ts'

/**
 * A folder's own value lies in a file of this name. No znode's name is ever written so: where a percent sign stands in a file's name,
 * two hexadecimal digits must follow.
 */
export const VALUE_FILE = '%value'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** `a%20b` → `a b`: what a file system cannot hold is written as percent and two hexadecimal digits, byte by byte of UTF-8. */
export function toZnodeName(fileName: string, where: string): string {
  if (!fileName.includes('%')) return fileName
  const encoded = Buffer.from(fileName)
  const bytes: number[] = []
  for (let i = 0; i < encoded.length; i++) {
    if (encoded[i] !== 0x25) {
      bytes.push(encoded[i]!)
      continue
    }
    const digits = encoded.toString('latin1', i + 1, i + 3)
    if (!/^[0-9a-fA-F]{2}$/.test(digits)) {
      throw importFault(
        'BAD_IMPORT_PATH',
        `The name of ${where} has a percent sign without two hexadecimal digits behind it`,
        null,
        'write a percent sign as %25',
      )
    }
    bytes.push(Number.parseInt(digits, 16))
    i += 2
  }
  if (bytes.includes(0x2f))
    throw importFault('BAD_IMPORT_PATH', `The name of ${where} stands for one with a slash`, null)
  try {
    return utf8.decode(Uint8Array.from(bytes))
  } catch {
    throw importFault('BAD_IMPORT_PATH', `The name of ${where} does not stand for valid UTF-8`, null)
  }
}
