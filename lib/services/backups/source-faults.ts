import { z } from 'zod'

/** Why a source of a chain could not serve. */
export interface SourceFault {
  readonly source: 'client' | 'admin' | 'files' | 'observer'
  readonly message: string
}

const stored = z.array(z.object({ source: z.enum(['client', 'admin', 'files', 'observer']), message: z.string() }))

/** As stored; what is of another version is left out. */
export function toSourceFaults(json: unknown): SourceFault[] {
  return stored.safeParse(json).data ?? []
}

/** For the note of an archive, which stays when the catalog is gone; empty where the first source has served. */
export function wordsOfFaults(faults: readonly SourceFault[], source: string): string {
  if (faults.length === 0) return ''
  const whys = faults.map(
    (fault) => `${fault.source} could not serve (${fault.message.slice(0, MESSAGE_CHARACTERS_MAX)})`,
  )
  return `from ${source}: ${whys.join('; ')}`
}

const MESSAGE_CHARACTERS_MAX = 150
