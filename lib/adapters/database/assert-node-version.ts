import { DatabaseError } from './errors.ts'

const MINIMUM = [22, 15] as const

/** The native SQLite driver ends the whole process, without a word, on a Node.js below 22.15: refuse before it is loaded. */
export function assertNodeVersion(version: string = process.versions.node): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return
  throw new DatabaseError('DATABASE_NODE_TOO_OLD', `Node.js ${version} cannot open the database`, {
    remedy: `use Node.js ${MINIMUM.join('.')} or newer (the npm scripts bring their own)`,
  })
}
