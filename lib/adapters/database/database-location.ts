import { join, resolve } from 'node:path'
import { DatabaseError } from './errors.ts'

/** Where the catalog of a data directory lives: the one place that knows the file's name. */
export function databaseFileIn(dataDir: string): string {
  return join(dataDir, 'arkeeper.db')
}

/** The absolute file of a `file:` address or a bare path. Any other scheme raises DATABASE_URL_UNSUPPORTED. */
export function databaseFileFromUrl(url: string): string {
  if (url.startsWith('file:')) return resolve(url.slice('file:'.length).replace(/^\/\/(?=\/)/, ''))
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]
  if (scheme === undefined || scheme.length === 1) return resolve(url)
  throw new DatabaseError('DATABASE_URL_UNSUPPORTED', `A ${scheme}: database is not supported yet`, {
    remedy: 'unset DATABASE_URL, or give it a file: address',
  })
}
