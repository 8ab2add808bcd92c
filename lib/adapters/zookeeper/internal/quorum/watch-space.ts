import { statfs } from 'node:fs/promises'
import { formatBytes } from '../../../../base/format-bytes.ts'
import type { BodySink } from '../../observer.ts'

/** Looked at again each time that so much has come. */
const EVERY_BYTES = 64 << 20
/** What others on the same disk may count on, the log of transactions that comes behind the tree among them. */
const LEFT_BYTES_MIN = 128 << 20

/** Nobody knows how large a tree is that a leader sends: before and while it comes, the disk is asked whether there is room. */
export function watchSpace(
  body: BodySink,
  dir: string,
  {
    fail,
    findFree = findFreeBytes,
  }: { fail(error: unknown): void; findFree?: (dir: string) => Promise<number | null> },
): BodySink {
  let asked = -EVERY_BYTES
  const look = async (isFirst: boolean, bytes: number) => {
    const free = await findFree(dir)
    if (free === null || free >= LEFT_BYTES_MIN) return
    const came = isFirst ? 'before anything has come' : `when ${formatBytes(bytes)} had come`
    fail(
      new Error(
        `${came}, its disk had ${formatBytes(free)} left, and ${formatBytes(LEFT_BYTES_MIN)} are left to others`,
      ),
    )
  }
  const lookWhereDue = () => {
    if (body.bytes - asked < EVERY_BYTES) return
    const isFirst = asked < 0
    asked = body.bytes
    void look(isFirst, asked)
  }
  lookWhereDue()
  return {
    path: body.path,
    get bytes() {
      return body.bytes
    },
    add: (bytes) => {
      body.add(bytes)
      lookWhereDue()
    },
    finish: () => body.finish(),
    discard: () => body.discard(),
  }
}

/** Null where the file system does not say. */
async function findFreeBytes(dir: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(dir)
    return bavail * bsize
  } catch {
    return null
  }
}
