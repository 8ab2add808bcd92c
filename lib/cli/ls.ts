import { stringifyJson } from '../base/json.ts'
import { ZnodeError } from '../domain/znode/errors.ts'
import { joinPath, parsePath } from '../domain/znode/path.ts'
import { argument, type Command, flag } from './command.ts'
import { openCommandSource } from './open-command-source.ts'

const PAGE = 1000

export const ls: Command = {
  usage: 'ls SOURCE PATH [--json]',
  summary: 'the children of one znode',
  options: {},
  positionals: { min: 2, max: 2 },
  run: async (input) => {
    const { context, terminal } = input
    const path = parsePath(argument(input, 1))
    const { reader } = await openCommandSource(input, 0)
    try {
      for (let after: string | undefined; ; ) {
        const page = await reader.listChildren(path, { after, limit: PAGE, signal: context.signal })
        if (page.kind === 'missing') throw new ZnodeError('NO_NODE', `${path} does not exist`)
        if (page.kind === 'unreadable') throw new ZnodeError('UNREADABLE', `${path}: ${page.message}`)
        const lines = page.children.map((child) =>
          flag(input, 'json')
            ? stringifyJson({ ...child, path: joinPath(path, child.name) })
            : `${child.name}${child.numChildren > 0 ? '/' : ''}`,
        )
        if (lines.length > 0) await terminal.line(lines.join('\n'))
        if (page.next === null) return 0
        after = page.next
      }
    } finally {
      await reader.close()
    }
  },
}
