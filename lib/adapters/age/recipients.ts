import { Encrypter } from 'age-encryption'
import { AgeError } from './errors.ts'

const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/^AGE-SECRET-KEY-/i, 'a private key: whoever has it reads the backups. Give the public one, which begins with age1'],
  [/^(ssh-|ecdsa-)/, 'an SSH key; only age’s own keys are supported'],
  [/^age1(?!pq1)[^1]*1/, 'a key of an age plugin or a hardware token, which is not supported'],
  [/^@|^https?:/, 'not a key; give the key itself'],
]

/**
 * A public key of age: X25519 (`age1…`), or post-quantum (`age1pq1…`). Throws AgeError RECIPIENT_INVALID, which says what it is instead; a
 * private key that was given by mistake is never quoted.
 */
export function parseRecipient(text: string): string {
  const recipient = text.trim()
  for (const [pattern, what] of OTHER_KINDS) if (pattern.test(recipient)) throw invalid(`This is ${what}`)
  if (!recipient.startsWith('age1')) throw invalid(`"${recipient.slice(0, 20)}" is not a public key of age`)
  try {
    new Encrypter().addRecipient(recipient)
  } catch (cause) {
    throw invalid(`${shortKey(recipient)} is not a whole public key of age: a letter is wrong or missing`, cause)
  }
  return recipient
}

/** The keys that something is encrypted to, each once. Throws RECIPIENT_INVALID. */
export function parseRecipients(texts: readonly string[]): string[] {
  const recipients = [...new Set(texts.map(parseRecipient))]
  const quantum = recipients.filter((one) => one.startsWith('age1pq1'))
  if (quantum.length > 0 && quantum.length < recipients.length) {
    throw invalid(
      'Post-quantum keys (age1pq1…) and others cannot be mixed: what is encrypted is as weak as the weakest',
    )
  }
  return recipients
}

/** Lines of a recipients file: keys, comments and empty lines. */
export function parseRecipientsFile(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim())
  return parseRecipients(lines.filter((line) => line !== '' && !line.startsWith('#')))
}

/** For people: enough to tell keys apart. */
export function shortKey(recipient: string): string {
  return recipient.length <= 20 ? recipient : `${recipient.slice(0, 10)}…${recipient.slice(-6)}`
}

function invalid(message: string, cause?: unknown): AgeError {
  return new AgeError('RECIPIENT_INVALID', message, {
    cause,
    unaffected: 'nothing was changed',
    remedy:
      'give a public key as age-keygen prints it, for example age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
  })
}
