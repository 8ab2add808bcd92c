/** Licences under which a package may be used beside ours, by their SPDX names. What is not here needs a decision, not a longer list. */
const ALLOWED = [
  'MIT',
  'MIT-0',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Unlicense',
  'BlueOak-1.0.0',
  'CC0-1.0',
]
/** Used as they are, by name, with the reason why that is enough. */
const DECIDED = [
  { name: /^@axe-core\/playwright$|^axe-core$/, licence: 'MPL-2.0', why: 'tests only, unchanged' },
  { name: /^lightningcss(-|$)/, licence: 'MPL-2.0', why: 'builds the style sheet, unchanged, not shipped' },
  {
    name: /^@img\/sharp-/,
    licence: 'LGPL-3.0-or-later',
    why: "an optional library of Next.js's own, loaded at run time, unchanged",
  },
  { name: /^caniuse-lite$/, licence: 'CC-BY-4.0', why: 'a table of browsers, read by the build' },
  { name: /^elkjs$/, licence: 'EPL-2.0', why: 'of the database studio, which is never started' },
  { name: /^seq-queue$/, licence: 'MIT', why: 'said in its LICENSE file, not in its package.json' },
]

/** Each package of a lock file whose licence nobody has agreed to, as `name: licence`. */
export function findUnlicensed(lock) {
  return packagesOf(lock).flatMap(({ name, licence }) => {
    const decided = DECIDED.filter((one) => one.name.test(name)).map((one) => one.licence)
    const isAllowed = (one) => ALLOWED.includes(one) || decided.includes(one)
    if (licence === undefined) return decided.length > 0 ? [] : [`${name}: none`]
    // One of several offered is enough; of those that hold together, each must be fine.
    const offers = licence.replace(/[()]/g, '').split(/ or /i)
    return offers.some((offer) => offer.split(/ and /i).every(isAllowed)) ? [] : [`${name}: ${licence}`]
  })
}

/** Each package that could be another one than it was when it was locked. */
export function findUnsealed(lock) {
  return packagesOf(lock)
    .filter(({ integrity, resolved }) => !/^sha512-/.test(integrity ?? '') || /^(git|http:)/.test(resolved ?? ''))
    .map(({ name }) => name)
}

/** Decisions that nothing in the lock file needs any more. */
export function findStaleDecisions(lock) {
  const names = packagesOf(lock).map(({ name }) => name)
  return DECIDED.filter((one) => !names.some((name) => one.name.test(name))).map((one) => String(one.name))
}

function packagesOf(lock) {
  return Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .map(([path, { license, integrity, resolved }]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      licence: license,
      integrity,
      resolved,
    }))
}
