import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { findHolder, inspectDisk } from './internal/member-disk.ts'
import { bringFile, moveAside, moveBack, placeFile } from './internal/member-files.ts'
import type { CommandResult, Liveness, MemberMachine } from './member-machine.ts'
import type { Member } from './members.ts'

const OUTPUT_BYTES = 4096
const KILL_GRACE_MS = 2000
// Refused or accepted at once; a busy machine may need a moment to say so.
const DIAL_TIMEOUT_MS = 5000

/** Members whose directories are mounted here; their commands run on this host, as the user that Arkeeper runs as. */
export function createLocalMachine(): MemberMachine {
  return { inspect: inspectDisk, run, liveness, bring: bringFile, moveAside, place: placeFile, moveBack }
}

function run(command: readonly string[], { timeoutMs }: { readonly timeoutMs: number }): Promise<CommandResult> {
  const [program = '', ...args] = command
  return new Promise((resolve) => {
    let output = ''
    let settled = false
    let timedOut = false
    const child = execFile(program, args, { cwd: '/', windowsHide: true, maxBuffer: 64 << 20 })
    const collect = (chunk: unknown) => {
      output = (output + String(chunk)).slice(-OUTPUT_BYTES)
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    const settle = (exitCode: number | null) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      // A start command may leave a server behind that keeps its streams open: what the command itself says is over.
      child.stdout?.destroy()
      child.stderr?.destroy()
      resolve({ exitCode, timedOut, output: output.trim() })
    }
    const timer = setTimeout(() => {
      timedOut = true
      child.kill('SIGTERM')
      setTimeout(() => child.kill('SIGKILL'), KILL_GRACE_MS).unref()
    }, timeoutMs)
    child.on('exit', (code) => setImmediate(() => settle(code)))
    child.on('error', (error) => {
      collect(error.message)
      settle(null)
    })
  })
}

/** The exit status of a stop command proves nothing: the port and the open files do. */
async function liveness(member: Member): Promise<Liveness> {
  const port = await knock(member)
  if (port.kind !== 'down') return port
  const holder = await findHolder(member)
  return holder === null
    ? port
    : { kind: 'up', message: `process ${holder.pid} has ${holder.file} open, although its client port refuses` }
}

function knock(member: Member): Promise<Liveness> {
  const address = splitAddress(member.client)
  if (address === null) return Promise.resolve({ kind: 'unknown', message: 'its client address is not configured' })
  return new Promise((resolve) => {
    const socket = connect(address)
    const settle = (liveness: Liveness) => {
      socket.destroy()
      resolve(liveness)
    }
    socket.setTimeout(DIAL_TIMEOUT_MS, () =>
      settle({ kind: 'unknown', message: `${member.client} neither answers nor refuses` }),
    )
    socket.once('connect', () => settle({ kind: 'up', message: `${member.client} accepts connections` }))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      settle(error.code === 'ECONNREFUSED' ? { kind: 'down' } : { kind: 'unknown', message: error.message }),
    )
  })
}

function splitAddress(client: string | null): { host: string; port: number } | null {
  const match = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(client ?? '')
  return match ? { host: match[1]!, port: Number(match[2]) } : null
}
