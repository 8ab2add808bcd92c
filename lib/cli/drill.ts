import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countOf } from '../base/count-of.ts'
import { stringifyJson } from '../base/json.ts'
import { drillArchive } from '../services/engine/drill-archive.ts'
import { argument, type Command, flag, text } from './command.ts'
import { badUsage } from './errors.ts'

const LIMIT_MINUTES_DEFAULT = 60
const LIMIT_MINUTES_MAX = 24 * 60

export const drill: Command = {
  usage: 'drill ARCHIVE [--limit MINUTES] [--json]',
  summary: 'loads the archive into a ZooKeeper made for the moment, reads all of it back and compares',
  options: { limit: 'string' },
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const { context, terminal } = input
    const limitMs = parseLimit(text(input, 'limit')) * 60_000
    const scratchDir = await mkdtemp(join(tmpdir(), 'arkeeper-drill-'))
    try {
      const dir = argument(input, 0)
      const onProgress = (progress: Parameters<typeof terminal.progress>[0]) => terminal.progress(progress)
      const report = await drillArchive(context, { dir, scratchDir, limitMs, onProgress })
      terminal.clear()
      if (flag(input, 'json')) {
        await terminal.line(stringifyJson(report))
      } else {
        for (const { code, message } of report.problems) await terminal.line(`problem  ${code}: ${message}`)
        for (const { path, kind, fields } of report.listed) {
          await terminal.line([kind.padEnd(10), path, fields.join(',')].filter(Boolean).join('  '))
        }
        for (const note of report.notes) await terminal.line(`note  ${note}`)
        const server = report.serverVersion === null ? 'a scratch server' : `ZooKeeper ${report.serverVersion}`
        await terminal.line(
          report.ok
            ? `proved restorable: ${countOf(report.znodes, 'znode')} loaded by ${server}, no difference`
            : `not restorable as it is: ${countOf(report.differences, 'difference')} on ${server}`,
        )
      }
      return report.ok ? 0 : 1
    } finally {
      await rm(scratchDir, { recursive: true, force: true })
    }
  },
}

function parseLimit(given: string | undefined): number {
  const minutes = given === undefined ? LIMIT_MINUTES_DEFAULT : Number(given)
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= LIMIT_MINUTES_MAX) return minutes
  throw badUsage(`--limit ${given} is no number of minutes from 1 to ${LIMIT_MINUTES_MAX}`)
}
