import { importFault } from './errors.ts'
import type { ImportForm } from './import-form.ts'

/** What a file is by its first bytes: a form, a tar (whose names decide), or ZooKeeper's own. */
export type DetectedFile =
  | Extract<ImportForm, 'zoocreeper' | 'zoonavigator' | 'zk-shell' | 'jsonl' | 'snapshot'>
  | 'tar'
  | 'log'

/** As many unpacked bytes should be given, if there are so many. */
export const HEAD_BYTES = 64 << 10

/** Null: none of them. Throws ImportError for JSON that holds nothing. */
export function detectFile(head: Buffer): DetectedFile | null {
  if (head.toString('latin1', 0, 4) === 'ZKSN') return 'snapshot'
  if (head.toString('latin1', 0, 4) === 'ZKLG') return 'log'
  if (isTar(head)) return 'tar'
  const text = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart()
  if (text.startsWith('[')) return detectList(text)
  if (text.startsWith('{')) return detectObject(text)
  return null
}

/** `ustar` at byte 257, as every tar of this century has it. */
export function isTar(head: Buffer): boolean {
  return head.length >= 512 && head.toString('latin1', 257, 262) === 'ustar'
}

function detectList(text: string): 'zoonavigator' | null {
  if (/^\[\s*\]/.test(text)) throw empty('an empty list')
  return /^\[\s*\{\s*"(h|t)"\s*:/.test(text) ? 'zoonavigator' : null
}

function detectObject(text: string): DetectedFile | null {
  // What both zoocreeper (a root path that does not exist) and zk_shell write without a word.
  if (/^\{\s*\}/.test(text)) throw empty('no znode')
  if (/^\{\s*"path"\s*:\s*"/.test(text)) return 'jsonl'
  const member = /^\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\{\s*"([a-zA-Z]+)"/.exec(text)
  const field = member?.[1]
  if (field === undefined) return null
  if (field === 'content') return 'zk-shell'
  // Both tools have it; dictionaries of old Pythons come in any order.
  if (field === 'acls') return /"content"\s*:/.test(text) ? 'zk-shell' : 'zoocreeper'
  return ZOOCREEPER_FIELDS.includes(field) ? 'zoocreeper' : null
}

const ZOOCREEPER_FIELDS = [
  'aversion',
  'ctime',
  'cversion',
  'czxid',
  'ephemeralOwner',
  'mtime',
  'mzxid',
  'pzxid',
  'version',
  'data',
]

function empty(found: string) {
  return importFault(
    'EMPTY_IMPORT',
    `The file holds ${found}`,
    null,
    'check what was exported: a root path that does not exist gives such a file',
  )
}
