import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const inProject = (...parts) => join(ROOT, ...parts)

export const TOOLCHAIN_DIR = inProject('.toolchain')
export const LOG_DIR = join(TOOLCHAIN_DIR, 'logs')
export const DIST_DIR = inProject('dist')
