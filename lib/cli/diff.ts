import { countOf } from '../base/count-of.ts'
import { stringifyJson } from '../base/json.ts'
import { type IgnoreRule, IgnoreRules } from '../domain/diff/ignore-rules.ts'
import { findPatternFault } from '../domain/diff/path-pattern.ts'
import { ROOT } from '../domain/znode/path.ts'
import { diffSources } from '../services/engine/diff-sources.ts'
import { ProgressMeter } from '../services/engine/progress.ts'
import { type Command, flag, list, pathOption } from './command.ts'
import { badUsage } from './errors.ts'
import { openCommandSource } from './open-command-source.ts'

const SIGN = { added: '+', removed: '-', changed: '~' } as const

export const diff: Command = {
  usage: 'diff SOURCE SOURCE [--path P] [--ignore PATTERN]… [--summary] [--ephemerals] [--json]',
  summary: 'what differs: what turns the first into the second',
  options: { path: 'string', summary: 'boolean', ephemerals: 'boolean', ignore: 'list' },
  positionals: { min: 2, max: 2 },
  run: async (input) => {
    const { context, terminal } = input
    const rules = new IgnoreRules(list(input, 'ignore').map(parseRule))
    const ignored = { added: 0, removed: 0, changed: 0 }
    const meter = new ProgressMeter(context.clock, (progress) => terminal.progress(progress))
    const left = await openCommandSource(input, 0)
    try {
      const right = await openCommandSource(input, 1)
      try {
        const compared = diffSources({
          left: left.reader,
          right: right.reader,
          path: pathOption(input, 'path') ?? ROOT,
          includeEphemerals: flag(input, 'ephemerals'),
          signal: context.signal,
          onUnreadable: (side, place) =>
            terminal.complain(
              `${place.path} could not be read in the ${side === 'before' ? 'first' : 'second'}: nothing below it was compared`,
            ),
        })
        for await (const found of compared.changes) {
          const changes = found.filter((change) => {
            const isHidden = rules.find(change) !== null
            if (isHidden) ignored[change.change]++
            return !isHidden
          })
          meter.report('Comparing', { done: compared.counts().compared })
          if (flag(input, 'summary')) continue
          terminal.clear()
          const lines = changes.map(({ path, change, fields, ephemeral }) =>
            flag(input, 'json')
              ? `${stringifyJson({ path, change, fields, ephemeral })}\n`
              : `${SIGN[change]} ${path}${fields.length > 0 ? ` (${fields.join(', ')})` : ''}${ephemeral ? ' ephemeral' : ''}\n`,
          )
          await terminal.print(lines.join(''))
        }
        terminal.clear()
        const counts = compared.counts()
        const { unreadable } = counts
        const added = counts.added - ignored.added
        const removed = counts.removed - ignored.removed
        const changed = counts.changed - ignored.changed
        const hidden = ignored.added + ignored.removed + ignored.changed
        // What could not be read was not found equal.
        const equal = added + removed + changed + unreadable === 0
        if (flag(input, 'summary') && flag(input, 'json')) {
          await terminal.line(
            stringifyJson({ equal, added, removed, changed, compared: counts.compared, unreadable, ignored: hidden }),
          )
        } else if (flag(input, 'summary') || !flag(input, 'json')) {
          const ephemerals =
            counts.ephemeralSkipped > 0 ? `, ${countOf(counts.ephemeralSkipped, 'ephemeral')} left out` : ''
          await terminal.line(
            `${equal ? 'equal' : `${added} added, ${removed} removed, ${changed} changed`}: ${countOf(counts.compared, 'znode')} compared${ephemerals}${hidden > 0 ? `, ${countOf(hidden, 'change')} ignored` : ''}`,
          )
        }
        return equal ? 0 : 1
      } finally {
        await right.reader.close()
      }
    } finally {
      await left.reader.close()
    }
  },
}

function parseRule(pattern: string): IgnoreRule {
  const fault = findPatternFault(pattern)
  if (fault !== null) throw badUsage(`--ignore ${pattern}: ${fault}`)
  return { id: pattern, pattern, fields: [] }
}
