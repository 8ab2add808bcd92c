import { z } from 'zod'
import { parsePath } from '../../domain/znode/path.ts'
import type { ServiceContext } from '../context.ts'
import { describeTreeRef } from '../diffs/describe-tree-ref.ts'
import { parseInput } from '../parse-input.ts'
import { getZnode } from './get-znode.ts'
import type { ZnodePairView } from './views.ts'

const inputSchema = z.object({ left: z.string(), right: z.string(), path: z.string() })

/** One znode in two trees, each as it is there now: missing and unreadable are answers. */
export async function getZnodePair(
  context: ServiceContext,
  input: z.input<typeof inputSchema>,
): Promise<ZnodePairView> {
  const { left, right, path: pathText } = parseInput(inputSchema, input)
  const path = parsePath(pathText)
  const side = async (text: string) => {
    const { ref, label } = await describeTreeRef(context, text)
    return { ref: text, label, reading: await getZnode(context, { ref, path }) }
  }
  return { path, left: await side(left), right: await side(right) }
}
