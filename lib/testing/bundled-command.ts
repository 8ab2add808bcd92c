import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))

export interface BundledCommand {
  /** The script, for `node`. */
  readonly file: string
  remove(): Promise<void>
}

/** The `arkeeper` command as people start it. */
export function bundleCommand(): Promise<BundledCommand> {
  return bundleScript('lib/cli/main.ts', 'arkeeper')
}

/** Inside the project, so that packages are found; a bundle, so that it starts as fast as what is shipped. */
export async function bundleScript(entry: string, name = 'script'): Promise<BundledCommand> {
  const dir = await mkdtemp(join(PROJECT, 'node_modules', '.arkeeper-cli-'))
  const file = join(dir, `${name}.mjs`)
  await build({
    entryPoints: [join(PROJECT, entry)],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  })
  return { file, remove: () => rm(dir, { recursive: true, force: true }) }
}

export interface Ran {
  /** Null when a signal ended it. */
  readonly status: number | null
  readonly out: string
  readonly err: string
}

/** All that a child with piped output says, and how it ends. */
export async function finish(child: ChildProcess): Promise<Ran> {
  let out = ''
  let err = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  const [status] = await once(child, 'close')
  return { status, out, err }
}
