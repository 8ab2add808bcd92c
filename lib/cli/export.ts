import { ROOT } from '../domain/znode/path.ts'
import { exportZnodes } from '../services/engine/export-znodes.ts'
import { type Command, flag, pathOption } from './command.ts'
import { openCommandSource } from './open-command-source.ts'

export const exportCommand: Command = {
  usage: 'export ARCHIVE|SOURCE [--path P] [--no-data] [--system] [--json]',
  summary: 'JSON Lines, one znode a line, in path order',
  options: { path: 'string', 'no-data': 'boolean', system: 'boolean' },
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const { context, terminal } = input
    const { reader } = await openCommandSource(input, 0)
    try {
      let unreadable = 0
      const pieces = exportZnodes(reader, {
        path: pathOption(input, 'path') ?? ROOT,
        data: !flag(input, 'no-data'),
        includeSystem: flag(input, 'system'),
        signal: context.signal,
      })
      for await (const piece of pieces) {
        await terminal.print(piece.text)
        unreadable += piece.unreadable.length
        for (const place of piece.unreadable) terminal.complain(`${place.path} could not be read: ${place.message}`)
      }
      return unreadable === 0 ? 0 : 1
    } finally {
      await reader.close()
    }
  },
}
