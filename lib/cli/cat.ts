import { ZnodeError } from '../domain/znode/errors.ts'
import { parsePath } from '../domain/znode/path.ts'
import { toZnodeJson } from '../services/engine/znode-json.ts'
import { argument, type Command, flag } from './command.ts'
import { openCommandSource } from './open-command-source.ts'

export const cat: Command = {
  usage: 'cat SOURCE PATH [--json]',
  summary: 'the data of one znode, byte for byte; with --json the whole znode',
  options: {},
  positionals: { min: 2, max: 2 },
  run: async (input) => {
    const { context, terminal } = input
    const path = parsePath(argument(input, 1))
    const { reader } = await openCommandSource(input, 0)
    try {
      const reading = await reader.get(path, { signal: context.signal })
      if (reading.kind === 'missing') throw new ZnodeError('NO_NODE', `${path} does not exist`)
      if (reading.kind === 'unreadable') throw new ZnodeError('UNREADABLE', `${path}: ${reading.message}`)
      if (flag(input, 'json')) await terminal.line(toZnodeJson(reading.znode, reading.numChildren, { data: true }))
      else if (reading.znode.data !== null) await terminal.print(reading.znode.data)
      return 0
    } finally {
      await reader.close()
    }
  },
}
