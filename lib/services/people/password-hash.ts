import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'

/**
 * OWASP's Password Storage Cheat Sheet asks for scrypt with N=2^15, r=8, p=3 (or an equal of it): as costly to guess as N=2^17 with p=1,
 * in 32 MB instead of 128, so that four sign-ins at once do not take half a gigabyte.
 */
const COST = { N: 2 ** 15, r: 8, p: 3 }
/** Of accounts that are older than this; better-auth's own parameters and form, `salt:key` in hex. */
const EARLIER_COST = { N: 2 ** 14, r: 16, p: 1 }
/** What an earlier hash leaves to do: N·r·p of both together is that of a hash of now. */
const EARLIER_PADDING = { N: 2 ** 15, r: 8, p: 2 }
const SALT_BYTES = 16
const KEY_BYTES = 64

const FORM = /^\$scrypt\$ln=15,r=8,p=3\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{86})$/
const EARLIER_FORM = /^([0-9a-f]{32}):([0-9a-f]{128})$/

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const key = await derive(password, salt, COST)
  return `$scrypt$ln=15,r=8,p=3$${salt.toString('base64url')}$${key.toString('base64url')}`
}

/** Takes as long for an earlier hash as for one of now, so that time does not tell which accounts exist. A text that is no hash fits nothing. */
export async function verifyPassword({ hash, password }: { hash: string; password: string }): Promise<boolean> {
  const now = FORM.exec(hash)
  if (now?.[1] && now[2]) {
    const key = await derive(password, Buffer.from(now[1], 'base64url'), COST)
    return timingSafeEqual(key, Buffer.from(now[2], 'base64url'))
  }
  const earlier = EARLIER_FORM.exec(hash)
  if (!earlier?.[1] || !earlier[2]) {
    await hashPassword(password)
    return false
  }
  // The salt is its own hex text there, not the bytes that the text stands for.
  const key = await derive(password, earlier[1], EARLIER_COST)
  await derive(password, earlier[1], EARLIER_PADDING)
  return timingSafeEqual(key, Buffer.from(earlier[2], 'hex'))
}

/** Made with less than what is asked for now: to be made anew when the password is at hand. */
export function isEarlierHash(hash: string): boolean {
  return EARLIER_FORM.test(hash)
}

function derive(password: string, salt: string | Buffer, cost: { N: number; r: number; p: number }): Promise<Buffer> {
  const options: ScryptOptions = { ...cost, maxmem: 256 * cost.N * cost.r }
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
