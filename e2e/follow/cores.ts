import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where each of the two sides of a measurement runs; null: anywhere, as this machine has one core only or no `taskset`. */
export interface Cores {
  readonly servers: string
  readonly ours: string
}

/** The last core for writers and follow, all others for the servers. */
export async function findCores(): Promise<Cores | null> {
  const { stdout } = await run('taskset', ['-cp', String(process.pid)]).catch(() => ({ stdout: '' }))
  const cores = (stdout.split(':')[1] ?? '').trim().split(',').flatMap(toRange)
  const last = cores.at(-1)
  return cores.length < 2 || last === undefined ? null : { servers: cores.slice(0, -1).join(','), ours: String(last) }
}

/** All threads of a process, and those it starts later. */
export async function pin(pid: number | null, cores: string | null): Promise<void> {
  if (pid !== null && cores !== null) await run('taskset', ['-acp', cores, String(pid)])
}

function toRange(text: string): number[] {
  const [from, to] = text.split('-').map(Number)
  if (from === undefined || !Number.isInteger(from)) return []
  return Array.from({ length: (to ?? from) - from + 1 }, (_, i) => from + i)
}
