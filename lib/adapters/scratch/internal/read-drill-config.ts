import { readFile } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { ScratchError } from '../errors.ts'

const folder = z.string().trim().refine(isAbsolute, 'must be an absolute path')
const configSchema = z.object({
  drill: z.strictObject({ zookeeperHome: folder.optional(), javaHome: folder.optional() }).default({}),
})

/** The part `drill` of the configuration file, read anew each time; no file, nothing said. Throws SCRATCH_NOT_AVAILABLE. */
export async function readDrillConfig(file: string): Promise<z.output<typeof configSchema>['drill']> {
  try {
    const text = await readFile(file, 'utf8')
    return configSchema.parse(JSON.parse(text)).drill
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return {}
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined
    const fault = issue ? `${issue.path.join('.')}: ${issue.message}` : 'it cannot be read as JSON'
    throw new ScratchError('SCRATCH_NOT_AVAILABLE', `the configuration file ${file} cannot be understood: ${fault}`, {
      cause,
    })
  }
}
