import { z } from 'zod'

/** Where something was read that lies in several places: kept with what came of it. Names stores, and no place within them. */
export const readFromSchema = z.object({
  storeId: z.string(),
  /** Its name at that time. */
  store: z.string(),
  /** Somebody asked for this store, and no other was tried. */
  isChosen: z.boolean(),
  /** `in-place`: a folder; `cache`: files of this host, checked when they came; `afresh`: fetched from the bucket for this, and checked. */
  how: z.enum(['in-place', 'cache', 'afresh']),
  /** Why it is another store's than the first; null: it is not. */
  note: z.string().nullable(),
})
export type ReadFrom = z.infer<typeof readFromSchema>

const HOW = {
  'in-place': '',
  cache: ', by files of this host that were checked when they came from it',
  afresh: ', fetched from the bucket for this and held against the sums of its manifest there',
} as const

/** For people, without a full stop. */
export function describeReadFrom({ store, isChosen, how, note }: ReadFrom): string {
  return `Read from ${store}${isChosen ? ', as was chosen' : ''}${HOW[how]}${note === null ? '' : `. ${note}`}`
}
