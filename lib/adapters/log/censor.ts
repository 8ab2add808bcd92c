import { stdSerializers } from 'pino'

const CENSORED = '[secret]'
/** Deep enough for the causes of an error and their details. */
const DEPTH_MAX = 8

/** Names of fields that hold secrets, or what people store. Numbers and flags are never censored: `attempts` of tokens are none. */
const SECRET_NAME =
  /(?:password|passwd|passphrase|secret|token|cookie|authorization|credentials?|identity|identities|private_?key|secret_?key|access_?key|super_?digest)$|^(?:auth|data|value|setUpCode)$/i

/** What gives a secret away wherever it stands in a text: of an error of a library, for example. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  // user:password@ of an address
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"']*:)[^\s@/"']+@/gi, `$1${CENSORED}@`],
  [/AGE-SECRET-KEY-[A-Z0-9-]+/gi, CENSORED],
  [/-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]*?(?:-----END \1PRIVATE KEY-----|(?="|$))/g, CENSORED],
  // Our own tokens, and whatever stands in a header.
  [/\bark_[0-9A-Za-z]{16,}/g, CENSORED],
  [/\b(Bearer|Basic)( +)[A-Za-z0-9+/=._~-]{12,}/gi, `$1$2${CENSORED}`],
  // ZooKeeper's digest scheme: `digest user:password`, `digest:user:hash`
  [/\b(digest[: ][^\s:"',]+:)[^\s"',]+/gi, `$1${CENSORED}`],
  [/\bX-Amz-(?:Signature|Credential|Security-Token)=[^&\s"]+/gi, CENSORED],
]

/** A copy without secrets: by the names of fields, at any depth. The last line of defence; nothing is meant to log them. */
export function censorFields(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth >= DEPTH_MAX) return '[deep]'
  if (value instanceof Uint8Array) return '[bytes]'
  if (value instanceof Date) return value
  // Before its fields are looked at: message, stack and causes of an error are no fields of its own.
  if (value instanceof Error) return censorFields({ ...stdSerializers.errWithCause(value) }, depth + 1)
  if (Array.isArray(value)) return value.map((each) => censorFields(each, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      isTelling(each) && SECRET_NAME.test(name) ? CENSORED : censorFields(each, depth + 1),
    ]),
  )
}

/** Numbers, flags and nothing say nothing that is secret. */
function isTelling(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null)
}

/** A whole line as it is about to be written. */
export function censorText(line: string): string {
  return SECRET_TEXTS.reduce((text, [pattern, instead]) => text.replace(pattern, instead), line)
}
