import { Failure } from './failure.mjs'

/** Empty, or with a slash in front and none behind. Each part is what no browser and no proxy writes differently. */
export function parseBasePath(text = '') {
  const parts = text.trim().split('/').filter(Boolean)
  if (parts.length <= 5 && parts.every((part) => /^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}$/.test(part))) {
    return parts.map((part) => `/${part}`).join('')
  }
  throw new Failure(
    `ARKEEPER_BASE_PATH must be a path like /arkeeper, of letters, digits, dots, dashes and underscores, not "${text}"`,
    2,
  )
}

/** Next.js fixes the base path at build time, so each has a build of its own beside the usual one. */
export function webDirOf(basePath) {
  return `.next${basePath.replaceAll('/', '-')}`
}

/** For builds below a base path, from the project's root; made anew for each. */
export function tsconfigOf(basePath) {
  return `.toolchain/tsconfig${basePath.replaceAll('/', '-')}.json`
}
