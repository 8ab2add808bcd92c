import { join, resolve } from 'node:path'
import { DatabaseError } from './errors.ts'

/** Where the catalog of a data directory lives: the one place that knows the file's name. */
export function databaseFileIn(dataDir: string): string {
  return join(dataDir, 'arkeeper.db')
}

export type DatabaseLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgresql'; readonly url: string }

/** Of a `file:` address or a bare path, made absolute, or of a `postgresql:` address. Any other scheme raises DATABASE_URL_UNSUPPORTED. */
export function parseDatabaseUrl(url: string): DatabaseLocation {
  if (/^postgres(ql)?:/i.test(url)) return { kind: 'postgresql', url }
  if (url.startsWith('file:'))
    return { kind: 'sqlite', file: resolve(url.slice('file:'.length).replace(/^\/\/(?=\/)/, '')) }
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]
  // In quotes, or with its colon forgotten: taken for the path of a file it would be told, with its password.
  if (scheme === undefined && /:\/\/|\/\/[^/]*@/.test(url)) {
    throw new DatabaseError('DATABASE_URL_INVALID', 'DATABASE_URL is neither an address nor the path of a file', {
      remedy: 'write it without quotes: postgresql://user:password@host:5432/database, or file:/path',
    })
  }
  if (scheme === undefined || scheme.length === 1) return { kind: 'sqlite', file: resolve(url) }
  throw new DatabaseError('DATABASE_URL_UNSUPPORTED', `A ${scheme}: database is not supported`, {
    remedy: 'unset DATABASE_URL, or give it a file: or a postgresql: address',
  })
}

/** As parseDatabaseUrl, where only a file will do. */
export function databaseFileFromUrl(url: string): string {
  const location = parseDatabaseUrl(url)
  if (location.kind === 'sqlite') return location.file
  throw new DatabaseError('DATABASE_URL_UNSUPPORTED', 'A postgresql: database is no file', {
    remedy: 'give it the path of a SQLite file',
  })
}
