import { identifyPath } from '../adapters/archive/open-path.ts'
import { countOf } from '../base/count-of.ts'
import { type OpenedSource, openSource } from '../services/engine/open-source.ts'
import { argument, type CommandInput } from './command.ts'

/** The SOURCE at this place of the command line; what it cannot tell is said on standard error. Close its reader afterwards. */
export async function openCommandSource(input: CommandInput, at: number): Promise<OpenedSource> {
  const text = argument(input, at)
  const source = await openSource(input.context, text, input.auth)
  if (source.isLive) return source
  try {
    const place = await identifyPath(text)
    if (place.kind === 'datadir' && place.logs.length > 0) {
      const logs = countOf(place.logs.length, 'log')
      input.terminal.complain(
        `LOGS_NOT_REPLAYED: ${place.dir} is read as its newest sound snapshot; what only its ${logs} hold is not in it`,
      )
    }
    return source
  } catch (error) {
    await source.reader.close()
    throw error
  }
}
