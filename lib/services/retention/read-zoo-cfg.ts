import { open } from 'node:fs/promises'
import type { Member } from '../../adapters/members/members.ts'
import { formatErrorLine } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'

/** No zoo.cfg is longer. */
const BYTES_MAX = 256 * 1024

/** As it lies on the disk, which is what the server starts with the next time. Null: it is not named, or cannot be read. */
export async function readZooCfg(
  { log }: Pick<ServiceContext, 'log'>,
  member: Pick<Member, 'name' | 'zooCfg'> | null,
): Promise<string | null> {
  const path = member?.zooCfg ?? null
  if (path === null) return null
  try {
    const file = await open(/* turbopackIgnore: true */ path)
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(BYTES_MAX), 0, BYTES_MAX, 0)
      return buffer.subarray(0, bytesRead).toString('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    log.debug({ member: member?.name, path, error: formatErrorLine(error) }, 'A zoo.cfg could not be read')
    return null
  }
}
