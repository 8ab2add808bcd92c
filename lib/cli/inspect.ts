import { inspectPath, type PathFacts } from '../adapters/archive/inspect-path.ts'
import { countOf } from '../base/count-of.ts'
import { stringifyJson } from '../base/json.ts'
import { FORM_FACTS } from '../domain/imports/import-form.ts'
import type { Fidelity } from '../domain/snapshot/manifest.ts'
import { argument, type Command, flag } from './command.ts'
import { describeImport } from './import.ts'

export const inspect: Command = {
  usage: 'inspect FILE|DIR|ARCHIVE [--json]',
  summary: 'facts of a native snapshot, log, data directory or archive',
  options: {},
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const facts = await inspectPath(argument(input, 0), { signal: input.context.signal, keys: input.keys })
    if (flag(input, 'json')) await input.terminal.line(stringifyJson(facts))
    else for (const line of describe(facts)) await input.terminal.line(line)
    return facts.problems.length === 0 ? 0 : 1
  },
}

function describe(facts: PathFacts): string[] {
  const problems = facts.problems.map((problem) => `problem  ${problem.code}: ${problem.message}`)
  switch (facts.type) {
    case 'snapshot':
      return [
        `snapshot ${facts.file}, zxid ${facts.zxid ?? 'unknown'}, ${facts.compression === 'none' ? 'not compressed' : facts.compression}`,
        `${countOf(facts.znodes, 'znode')}, ${facts.ephemerals} ephemeral, ${countOf(facts.containers, 'container')}, ${facts.ttls} with a TTL, ${countOf(facts.dataBytes, 'byte')} of data`,
        `${countOf(facts.sessions, 'session')}, ${countOf(facts.acls, 'ACL')}`,
        `checksum ${facts.checksum === null ? 'not reached' : facts.checksum.ok ? 'matches' : 'does not match'}, digest ${facts.digest === null ? 'none' : facts.digest.match ? 'matches' : 'does not match'}`,
        ...problems,
      ]
    case 'log':
      return [...describeLog(facts), ...problems]
    case 'datadir':
      return [
        `data directory: ${countOf(facts.snapshots.length, 'snapshot')}, ${countOf(facts.logs.length, 'log')}`,
        ...facts.snapshots.map((snapshot) => `snapshot ${snapshot.file}, ${countOf(snapshot.znodes, 'znode')}`),
        ...facts.logs.map(
          (log) => `log      ${log.file}, ${countOf(log.transactions, 'transaction')}${log.torn ? ', torn' : ''}`,
        ),
        `replayable to ${facts.replayableTo ?? 'no zxid'}`,
        ...(facts.missed ?? []).map(
          ({ from, to, why, perhaps, at }) =>
            `${perhaps ? 'perhaps missed' : 'missed'}   ${from} to ${to}, ${why}, noted ${new Date(at).toISOString()}`,
        ),
        ...problems,
      ]
    case 'import':
      return [
        `${FORM_FACTS[facts.form].label} ${facts.file}`,
        `${countOf(facts.znodes, 'znode')}, ${countOf(facts.dataBytes, 'byte')} of data, of ${facts.scope.slice(0, 5).join(', ') || 'nothing'}`,
        ...FORM_FACTS[facts.form].silent.map((line) => `not known  ${line}`),
        ...(facts.unknownAcls > 0 ? [`not known  the ACL of ${countOf(facts.unknownAcls, 'znode')}`] : []),
        ...(facts.unknownContents > 0 ? [`not known  data and ACL of ${countOf(facts.unknownContents, 'znode')}`] : []),
        ...(facts.impliedParents > 0
          ? [`lacking  ${countOf(facts.impliedParents, 'parent')}: ${facts.impliedListed.slice(0, 5).join(', ')}`]
          : []),
        ...facts.skipped.listed.map(({ name, why }) => `left out  ${name}: ${why}`),
        ...problems,
      ]
    case 'archive': {
      const { manifest } = facts
      return [
        `archive ${manifest.id} of ${manifest.cluster.name}, ${manifest.status}, zxid ${manifest.zxid}`,
        `${countOf(manifest.znodes, 'znode')}, ${countOf(manifest.dataBytes, 'byte')} of data, ${manifest.scope.kind} ${manifest.scope.paths.slice(0, 5).join(', ')}`,
        `${manifest.consistency.class}${manifest.consistency.proof ? ` (${manifest.consistency.proof})` : ''}, zxid ${manifest.consistency.from} to ${manifest.consistency.to}`,
        ...(manifest.encryption ? manifest.encryption.recipients.map((recipient) => `encrypted to ${recipient}`) : []),
        ...describeImport(manifest),
        ...describeCounters(manifest.fidelity),
        ...manifest.files.map((file) => `${file.sha256}  ${file.name} (${countOf(file.bytes, 'byte')})`),
        ...problems,
      ]
    }
  }
}

const COUNTERS_SHOWN = 20

/** Where the next sequential child of a parent would begin; all that the manifest lists are in the JSON. */
function describeCounters(fidelity: Fidelity): string[] {
  const { sequenceParents: listed = [], sequenceParentsTotal: total = listed.length } = fidelity
  const shown = listed.slice(0, COUNTERS_SHOWN)
  return [
    ...shown.map(({ path, next }) => `counter  ${path} goes on at ${next}`),
    ...(total > shown.length ? [`counter  of ${total - shown.length} more parents`] : []),
  ]
}

function describeLog(facts: Extract<PathFacts, { type: 'log' }>): string[] {
  const range = facts.firstZxid === null ? 'empty' : `zxid ${facts.firstZxid} to ${facts.lastZxid}`
  const byType = Object.entries(facts.byType).map(([type, count]) => `${type} ${count}`)
  return [
    `log ${facts.file}, ${range}, ${countOf(facts.transactions, 'transaction')}`,
    ...(byType.length > 0 ? [byType.join(', ')] : []),
    ...(facts.tear ? [`torn at byte ${facts.tear.offset}: what was written last is not whole`] : []),
  ]
}
