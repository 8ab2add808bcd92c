import { z } from 'zod'
import type { Database } from '../adapters/database/open-database.ts'
import { type AuditKey, keyIdOf } from '../adapters/secrets/audit-key.ts'
import type { SecretBox } from '../services/context.ts'
import { RuntimeError } from './errors.ts'

const SETTING = 'installation.keys'
const PLAIN = 'arkeeper'

const knownSchema = z.object({
  /** A word that only the installation's key opens. */
  sealed: z.base64(),
  auditKeyId: z.string(),
})
type Known = z.infer<typeof knownSchema>

export interface HostKeys {
  readonly secrets: SecretBox
  readonly auditKey: Pick<AuditKey, 'keyId' | 'publicKeys'>
  /** They take the place of those that the database knows. */
  readonly adopt: boolean
}

/**
 * Every host of an installation must have the same keys: what one has sealed no other could open, and its part of the audit would pass for
 * forged. The first start leaves what to tell them by. Throws KEYS_DIFFER.
 */
export async function assertSameKeys(db: Pick<Database['client'], 'setting'>, keys: HostKeys): Promise<void> {
  const own = { sealed: Buffer.from(keys.secrets.seal(PLAIN)).toString('base64'), auditKeyId: keys.auditKey.keyId }
  const known = (await findKnown(db)) ?? (await leave(db, own))
  const fault = faultOf(known, keys)
  if (fault === null && known.auditKeyId === own.auditKeyId) return
  if (fault !== null && !keys.adopt) throw fault
  await db.setting.updateMany({ where: { key: SETTING }, data: { value: JSON.stringify(own) } })
}

async function findKnown(db: Pick<Database['client'], 'setting'>): Promise<Known | null> {
  const row = await db.setting.findUnique({ where: { key: SETTING }, select: { value: true } })
  return row === null ? null : knownSchema.parse(JSON.parse(row.value))
}

/** Two hosts may start at once: what the first one leaves counts. */
async function leave(db: Pick<Database['client'], 'setting'>, own: Known): Promise<Known> {
  try {
    await db.setting.create({ data: { key: SETTING, value: JSON.stringify(own) }, select: { key: true } })
    return own
  } catch (error) {
    const known = await findKnown(db)
    if (known === null) throw error
    return known
  }
}

function faultOf(known: Known, { secrets, auditKey }: HostKeys): RuntimeError | null {
  if (!canOpen(secrets, known)) {
    return differ(
      "The secret key of this host is not the one that the installation's database was made with",
      'start every host with the same ARKEEPER_SECRET_KEY, or bring back secret.key into the data directory; if the key is lost for good, ' +
        'start once with ARKEEPER_ADOPT_KEYS=1 and enter the credentials of the clusters again',
    )
  }
  // One that this host knows as its former one was replaced here on purpose (AUDIT.md).
  if (known.auditKeyId === auditKey.keyId || auditKey.publicKeys.some((pem) => keyIdOf(pem) === known.auditKeyId))
    return null
  return differ(
    `The audit key of this host (${auditKey.keyId}) is not the one that the installation signs with (${known.auditKeyId})`,
    'copy audit.key and audit.pub from the data directory of the host that has it, or give every host the same ARKEEPER_AUDIT_KEY; if the ' +
      'key is lost for good, start once with ARKEEPER_ADOPT_KEYS=1',
  )
}

function canOpen(secrets: SecretBox, { sealed }: Known): boolean {
  try {
    return secrets.open(Buffer.from(sealed, 'base64')) === PLAIN
  } catch (_notOurs) {
    return false
  }
}

function differ(message: string, remedy: string): RuntimeError {
  return new RuntimeError('KEYS_DIFFER', message, { unaffected: 'nothing was read or changed', remedy })
}
