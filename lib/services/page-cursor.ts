import { ServiceError } from './errors.ts'

interface Listed {
  readonly createdAt: string
  readonly id: string
}

/** Where a list that goes from the latest to the oldest is to go on. */
export function formatListCursor({ createdAt, id }: Listed): string {
  return `${createdAt}~${id}`
}

/** What is older than the cursor; nothing to narrow without one. */
export function olderThan(cursor: string | undefined) {
  if (cursor === undefined) return {}
  const [time = '', id = ''] = cursor.split('~')
  const createdAt = new Date(time)
  if (Number.isNaN(createdAt.getTime())) {
    throw new ServiceError('INVALID_INPUT', `"${cursor}" is not a place in the list`)
  }
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] }
}

/** One page of what was asked for with one more than its size. */
export function toPage<Item extends Listed>(found: readonly Item[], limit: number) {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, next: found.length > limit && last ? formatListCursor(last) : null }
}
