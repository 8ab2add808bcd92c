import { verifyPath } from '../adapters/archive/verify-path.ts'
import { countOf } from '../base/count-of.ts'
import { stringifyJson } from '../base/json.ts'
import { ProgressMeter } from '../services/engine/progress.ts'
import { argument, type Command, flag } from './command.ts'

export const verify: Command = {
  usage: 'verify ARCHIVE|FILE|DIR [--json]',
  summary: 'checksums, structure, digest; of a data directory every log is replayed',
  options: {},
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const { context, terminal } = input
    const meter = new ProgressMeter(context.clock, (progress) => terminal.progress(progress))
    const report = await verifyPath(argument(input, 0), {
      signal: context.signal,
      keys: input.keys,
      onProgress: (done) => meter.report('Verifying', { done }),
    })
    terminal.clear()
    if (flag(input, 'json')) {
      await terminal.line(stringifyJson(report))
    } else {
      for (const file of report.files)
        await terminal.line(`${file.ok ? 'ok ' : 'BAD'}  ${file.name} (${countOf(file.bytes, 'byte')})`)
      for (const { code, message } of report.problems) await terminal.line(`problem  ${code}: ${message}`)
      const isBlind = report.encryption?.opened === false
      const sound = isBlind
        ? 'all sums of the encrypted files match; what is in them was not looked at: give --identity FILE'
        : `${countOf(report.znodes, 'znode')}, all sums match`
      await terminal.line(report.ok ? sound : 'it is damaged')
    }
    return report.ok ? 0 : 1
  },
}
