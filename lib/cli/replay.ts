import { openDataDir } from '../adapters/archive/open-data-dir.ts'
import { writeNative } from '../adapters/archive/write-native.ts'
import { countOf } from '../base/count-of.ts'
import { formatHex64 } from '../base/hex64.ts'
import { stringifyJson } from '../base/json.ts'
import { ProgressMeter } from '../services/engine/progress.ts'
import { argument, type Command, flag, requiredText, text } from './command.ts'
import { describeProof } from './describe-proof.ts'
import { parseZxid } from './parse-zxid.ts'

export const replay: Command = {
  usage: 'replay DIR --to ZXID --out FILE [--log-dir DIR] [--json]',
  summary: 'native snapshot + logs → the tree at that zxid (0x1a or decimal), as a native snapshot',
  options: { to: 'string', out: 'string', 'log-dir': 'string' },
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const { context, terminal } = input
    const to = parseZxid(requiredText(input, 'to'), 'to')
    const out = requiredText(input, 'out')
    const meter = new ProgressMeter(context.clock, (progress) => terminal.progress(progress))
    const tree = await openDataDir(argument(input, 0), {
      to,
      logDir: text(input, 'log-dir'),
      signal: context.signal,
      onProgress: (done) => meter.report('Replaying', { done }),
    })
    try {
      const { proof, counts } = tree
      const written = await writeNative(tree, out, { signal: context.signal })
      terminal.clear()
      for (const line of describeProof(proof)) terminal.complain(line)
      const digest = proof.digest && {
        version: 2,
        zxid: formatHex64(proof.digest.zxid),
        stored: formatHex64(proof.digest.expected),
        computed: formatHex64(proof.digest.computed),
        match: proof.digest.match,
      }
      if (flag(input, 'json')) {
        const { snapshot, applied, problems } = proof
        await terminal.line(
          stringifyJson({
            zxid: formatHex64(proof.zxid),
            znodes: counts.znodes,
            applied,
            digest,
            snapshot: snapshot.name,
            file: out,
            ...written,
            problems,
          }),
        )
      } else {
        const matches =
          digest === null ? 'no digest to compare' : digest.match ? 'digest matches' : 'digest does not match'
        await terminal.line(
          `${out}: ${countOf(counts.znodes, 'znode')} at ${formatHex64(proof.zxid)}, ${countOf(proof.applied, 'transaction')} over ${proof.snapshot.name}, ${matches}`,
        )
      }
      return digest?.match === false || proof.problems.some(({ code }) => code === 'REPLAY_CONFLICT') ? 1 : 0
    } finally {
      await tree.close()
    }
  },
}
