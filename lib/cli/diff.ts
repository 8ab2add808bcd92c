import { countOf } from '../base/count-of.ts'
import { stringifyJson } from '../base/json.ts'
import { ROOT } from '../domain/znode/path.ts'
import { diffSources } from '../services/engine/diff-sources.ts'
import { ProgressMeter } from '../services/engine/progress.ts'
import { type Command, flag, pathOption } from './command.ts'
import { openCommandSource } from './open-command-source.ts'

const SIGN = { added: '+', removed: '-', changed: '~' } as const

export const diff: Command = {
  usage: 'diff SOURCE SOURCE [--path P] [--summary] [--ephemerals] [--json]',
  summary: 'what differs: what turns the first into the second',
  options: { path: 'string', summary: 'boolean', ephemerals: 'boolean' },
  positionals: { min: 2, max: 2 },
  run: async (input) => {
    const { context, terminal } = input
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
        for await (const changes of compared.changes) {
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
        const { added, removed, changed, unreadable } = counts
        // What could not be read was not found equal.
        const equal = added + removed + changed + unreadable === 0
        if (flag(input, 'summary') && flag(input, 'json')) {
          await terminal.line(stringifyJson({ equal, added, removed, changed, compared: counts.compared, unreadable }))
        } else if (flag(input, 'summary') || !flag(input, 'json')) {
          const ephemerals =
            counts.ephemeralSkipped > 0 ? `, ${countOf(counts.ephemeralSkipped, 'ephemeral')} left out` : ''
          await terminal.line(
            `${equal ? 'equal' : `${added} added, ${removed} removed, ${changed} changed`}: ${countOf(counts.compared, 'znode')} compared${ephemerals}`,
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
