import { formatHex64 } from '../base/hex64.ts'
import { type OpenedSource, openSource } from '../services/engine/open-source.ts'
import { argument, type CommandInput } from './command.ts'
import { describeProof, findProof } from './describe-proof.ts'

/** The SOURCE at this place of the command line; what it cannot tell is said on standard error. Close its reader afterwards. */
export async function openCommandSource(input: CommandInput, at: number): Promise<OpenedSource> {
  const source = await openSource(input.context, argument(input, at), input.access)
  const proof = findProof(source.reader)
  if (proof) {
    const told = describeProof(proof)
    for (const line of told) input.terminal.complain(line)
    if (told.length > 0) input.terminal.complain(`${source.label} is read as of ${formatHex64(proof.zxid)}`)
  }
  return source
}
