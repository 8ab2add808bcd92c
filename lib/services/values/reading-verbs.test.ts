import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { readSourceFiles } from '../../testing/import-graph.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const MASK = 'lib/services/values/value-mask.ts'

/** What bytes of znodes pass through on their way to an answer: views, base64, exports, previews, whole files. */
const BYTES =
  /\b(?:toBase64|toUnpackedView|unpackValue|exportZnodes|toZnodeJson|readUnpacked|readUnpackedBackup|previewMatch|createReadStream)\(|\b(?:znode|state|step|touch|reading)\.data\b|\bdata\.value\b/

/** Files that touch values and give none out: what they do with them instead. The engine is the command line's too, and knows no people. */
const GIVES_NONE_OUT: Readonly<Record<string, string>> = {
  'lib/services/diffs/diff-file.ts': 'the length; reads its own file of changes, which has no values',
  'lib/services/follow/archive-sink.ts': 'unpacks the last base, for the stream to go on from',
  'lib/services/follow/sealed-base.ts': 'a file of the work folder, for the stream to go on from',
  'lib/services/health/read-settings.ts': 'the lines of servers in /zookeeper/config',
  'lib/services/logs/read-before.ts': 'for a plan that writes a value of the log back to where it was',
  'lib/services/logs/restore-znode-version.ts': 'writes a value of the log back to where it was',
  'lib/services/logs/trace-znode.ts': 'the length',
  'lib/services/physical/gather-facts.ts': 'the lines of servers in /zookeeper/config',
  'lib/services/physical/work-on-physical.ts': 'puts the files onto servers',
  'lib/services/restores/list-plan-steps.ts': 'the length',
  'lib/services/stores/archive-folder.ts': 'is asked by those that ask whether all may be seen',
  'lib/services/stores/put-in-folder.ts': 'copies files from one store to another',
  'lib/services/tree/create-znode.ts': 'whether the znode is the one that was written',
  'lib/services/tree/delete-znode.ts': 'the length',
  'lib/services/tree/list-history.ts': 'the length, and whether it changed',
  'lib/services/tree/set-znode-data.ts': 'the length, and whether the value is the one that was written',
  'lib/services/tree/unpack-value.ts': 'is asked by those that ask the mask',
  'lib/services/backups/open-backup-file.ts': 'whole files: asks whether all may be seen',
  'lib/services/physical/open-bundle.ts': 'whole files: asks whether all may be seen',
}

const services = readSourceFiles(ROOT, ['lib']).filter(
  ({ path }) => /^lib\/services\/(?!engine\/)/.test(path) && !/\.test\.ts$/.test(path),
)
const touching = services.filter(({ code }) => BYTES.test(code))
const asks = ({ imports }: (typeof services)[number]) => imports.some(({ to }) => to === MASK)

it('every service that turns bytes of a znode into an answer asks the mask, or says why it need not', () => {
  expect(touching.length).toBeGreaterThan(15)
  expect(touching.filter((file) => !asks(file) && !(file.path in GIVES_NONE_OUT)).map(({ path }) => path)).toEqual([])
})

it('the list of those that need not has no one who is gone', () => {
  const paths = touching.map(({ path }) => path)
  expect(Object.keys(GIVES_NONE_OUT).filter((path) => !paths.includes(path))).toEqual([])
})

it('whole files are given out only to who may see all there is', () => {
  const givers = services.filter(({ path }) => GIVES_NONE_OUT[path]?.startsWith('whole files'))
  expect(givers.filter(({ code }) => !code.includes('assertMaySeeAll(context')).map(({ path }) => path)).toEqual([])
  expect(givers).toHaveLength(2)
})

it('the mask that hides nothing is used where a reveal is put on record, and nowhere else', () => {
  const users = services.filter(({ code, path }) => /\bNO_MASK\b/.test(code) && path !== MASK)
  expect(users.map(({ path }) => path)).toEqual(['lib/services/values/reveal-value.ts'])
})
