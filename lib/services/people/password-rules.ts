import { ServiceError } from '../errors.ts'

export interface PersonOfPassword {
  readonly email: string
  readonly name: string
}

/** What guessing begins with. Short on purpose: what is left of a password without these is what counts. */
const COMMON_WORDS = `
  password passwort passwd passphrase kennwort contrasena motdepasse parola senha geheim secret secure security
  qwerty qwertz azerty letmein welcome willkommen bienvenue iloveyou trustno changeme changeit default standard
  admin administrator root superuser sysadmin operator viewer service support system manager master owner guest user login
  logon access account office company enterprise internet network computer server database cluster backup restore
  zookeeper keeper zoo arkeeper kafka hadoop apache linux ubuntu debian windows docker kubernetes
  test tester testing temp temporary demo sample example foobar hello hallo bonjour whatever nothing
  monkey dragon tiger shadow sunshine princess superman batman starwars pokemon football baseball basketball soccer hockey
  jordan michael jennifer daniel thomas jessica charlie andrew summer winter spring autumn herbst sommer
  january february march april june july august september october november december
  monday tuesday wednesday thursday friday saturday sunday freedom flower cheese cookie killer hunter ginger pepper
  correct horse battery staple abcd
`
  .trim()
  .split(/\s+/)
  .sort((a, b) => b.length - a.length)

/** Rows of keyboards, and the ways that fingers take through them. */
const WALKS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'yxcvbnm',
  '1q2w3e4r5t6y7u8i9o0p',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  'qazwsxedcrfvtgbyhnujm',
].flatMap((row) => [row, [...row].reverse().join('')])

const WALK_MIN = 4
const REST_MIN = 4
const DISTINCT_MIN = 4
const OWN_WORD_MIN = 3

/** Throws INVALID_INPUT, at the field `password`. */
export function assertPasswordHardToGuess(password: string, person: PersonOfPassword): void {
  if (!isEasyToGuess(password, person)) return
  const message =
    'This is easy to guess: little is left of it without common words, rows of keys, years and your own name'
  throw new ServiceError('INVALID_INPUT', message, {
    unaffected: 'no password was set',
    remedy: 'use some words that do not belong together, or let a password manager make one',
    details: { fields: { password: message } },
  })
}

export function isEasyToGuess(password: string, { email, name }: PersonOfPassword): boolean {
  const plain = password.normalize('NFKC').toLowerCase()
  if (new Set(plain).size < DISTINCT_MIN) return true
  const own = `${email} ${name}`
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length >= OWN_WORD_MIN)
    .sort((a, b) => b.length - a.length)
  const readings = /\p{L}/u.test(plain) ? [plain, withoutSubstitutes(plain)] : [plain]
  return readings.some((text) => restOf(text, own).length < REST_MIN)
}

/** The characters that no rule explains. */
function restOf(text: string, own: readonly string[]): string {
  let rest = text
  for (const word of [...own, ...COMMON_WORDS]) rest = rest.replaceAll(word, ' ')
  return withoutWalks(rest)
    .split(/[^\p{L}\p{N}]+/u)
    .map((part) => part.replace(/^\d{1,4}(?!\d)|(?<!\d)\d{1,4}$/g, ''))
    .map((part) => (new Set(part).size < 2 ? '' : part))
    .join('')
}

function withoutWalks(text: string): string {
  let out = ''
  for (let at = 0; at < text.length; ) {
    let length = 0
    while (at + length < text.length && WALKS.some((walk) => walk.includes(text.slice(at, at + length + 1)))) length++
    if (length >= WALK_MIN) {
      out += ' '
      at += length
    } else {
      out += text[at]
      at++
    }
  }
  return out
}

const SUBSTITUTES: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
}

/** `p@ssw0rd!2026` as `password`: what stands behind the last letter stands for itself. */
function withoutSubstitutes(text: string): string {
  return text.replace(/[^\p{L}]+$/u, '').replace(/[013457@$!]/g, (character) => SUBSTITUTES[character] ?? character)
}
