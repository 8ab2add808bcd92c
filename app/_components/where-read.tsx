import { describeReadFrom, type ReadFrom } from '@/lib/domain/snapshot/read-from.ts'

/** From which store it was read; nothing where that was not kept. */
export function WhereRead({ readFrom }: { readFrom: ReadFrom | undefined }) {
  return readFrom ? <p>{describeReadFrom(readFrom)}.</p> : null
}
