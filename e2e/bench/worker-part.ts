import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TwoArchives } from './native-parts.ts'
import { snapshotIn } from './native-tasks.ts'
import { startLeader } from './observer-part.ts'

export interface FollowWorkerInput {
  readonly dir: string
  readonly size: number
  readonly quorumPort: number
  readonly connectString: string
}

/** The memory of a worker, a process as `npm start` has it, from when it begins to follow: what it receives, and what it hears under load. */
export async function benchWorker({ dir, size, original }: TwoArchives): Promise<void> {
  const { server, quorumPort } = await startLeader(join(dir, `worker-leader-${size}`), snapshotIn(original, size))
  try {
    const { connectString } = server
    const input: FollowWorkerInput = { dir: join(dir, `worker-${size}`), size, quorumPort, connectString }
    const script = join(dirname(fileURLToPath(import.meta.url)), 'bench-follow-worker.mjs')
    const child = spawn(process.execPath, [script, JSON.stringify(input)], { stdio: ['ignore', 'inherit', 'inherit'] })
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`the worker was not measured: exit status ${code}`)
  } finally {
    await server.stop()
  }
}
