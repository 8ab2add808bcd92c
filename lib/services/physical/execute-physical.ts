import { setTimeout as pause } from 'node:timers/promises'
import type { MemberMachine, PutFile } from '../../adapters/members/member-machine.ts'
import type { Member } from '../../adapters/members/members.ts'
import type { ClusterTarget, ZooKeeperPort } from '../../adapters/zookeeper/connection.ts'
import { formatErrorLine, throwIfAborted } from '../../base/errors.ts'
import { formatHex64 } from '../../base/hex64.ts'
import { epochOf } from './choose-zxid.ts'
import { PhysicalError } from './errors.ts'
import {
  isAnythingMoved,
  type JournalPass,
  type JournalPlace,
  type JournalStep,
  PhysicalJournal,
  standOf,
} from './journal.ts'

const COMMAND_TIMEOUT_MS = 120_000
const DOWN_TIMEOUT_MS = 60_000
const SERVING_TIMEOUT_MS = 180_000
const POLL_MS = 250

export interface PhysicalLimits {
  readonly commandMs: number
  readonly downMs: number
  readonly servingMs: number
}

export interface ExecuteInput extends JournalPlace {
  readonly kind: 'standalone' | 'ensemble'
  readonly members: readonly Member[]
  /** How the members' client addresses are spoken to. */
  readonly tls: ClusterTarget['tls']
  readonly fileZxid: bigint
  readonly file: PutFile & { readonly body: () => AsyncIterable<Uint8Array> }
  readonly asideFolder: string
  readonly signal?: AbortSignal
  readonly limits?: Partial<PhysicalLimits>
  readonly now: () => number
  readonly say: (level: 'info' | 'warn' | 'error', message: string) => void
  readonly onStage?: (stage: string, done: number, total: number) => void
  /** Asked before each thing that cannot be taken back by itself. */
  readonly assertOwned: () => void
}

interface Ports {
  readonly machine: MemberMachine
  readonly zookeeper: Pick<ZooKeeperPort, 'serverStatus'>
}

/**
 * Replaces the files of every member by one snapshot: bring it beside, stop all, see that all are down, move the old files aside, place,
 * start all. Goes on from its journal after a crash at any instant. Before the first file is moved a failure starts the servers again;
 * afterwards they stay down, and the journal says where each one stands.
 */
export async function replaceFiles(ports: Ports, input: ExecuteInput): Promise<void> {
  const run = new PhysicalRun(ports, input, 'restore', await PhysicalJournal.open(input, input.now))
  await run.bring()
  if (!run.allPlaced()) {
    await run.whileNothingIsMoved(async () => {
      await run.stopAll()
      await run.assertDisksFit()
      await run.moveAndPlace()
    })
  }
  await run.startAll()
}

/** The same machine backwards: what lies in version-2 now is moved aside, and the old files come back. */
export async function putFilesBack(ports: Ports, input: ExecuteInput): Promise<void> {
  const run = new PhysicalRun(ports, input, 'undo', await PhysicalJournal.open(input, input.now))
  if (!run.allBack()) {
    await run.whileNothingIsMoved(async () => {
      await run.stopAll()
      await run.moveBack()
    })
  }
  await run.startAll()
}

/** One after the other, each serving again before the next: the ensemble stays up where it has a majority to spare. */
export async function restartInTurn(ports: Ports, input: ExecuteInput): Promise<void> {
  const run = new PhysicalRun(ports, input, 'restore', await PhysicalJournal.open(input, input.now))
  for (const member of input.members) await run.restart(member)
}

class PhysicalRun {
  readonly #ports: Ports
  readonly #input: ExecuteInput
  readonly #pass: JournalPass
  readonly #journal: PhysicalJournal
  readonly #limits: PhysicalLimits

  constructor(ports: Ports, input: ExecuteInput, pass: JournalPass, journal: PhysicalJournal) {
    this.#ports = ports
    this.#input = input
    this.#pass = pass
    this.#journal = journal
    this.#limits = {
      commandMs: COMMAND_TIMEOUT_MS,
      downMs: DOWN_TIMEOUT_MS,
      servingMs: SERVING_TIMEOUT_MS,
      ...input.limits,
    }
  }

  allPlaced(): boolean {
    return this.#input.members.every(({ name }) => standOf(this.#journal.entries, name) === 'placed')
  }

  allBack(): boolean {
    return this.#touched().every(({ name }) => standOf(this.#journal.entries, name) === 'back')
  }

  /** While the servers still run, so that a full disk costs no downtime. */
  async bring(): Promise<void> {
    const { members, file } = this.#input
    for (const [index, member] of members.entries()) {
      if (this.#journal.isDone('restore', 'place', member.name)) continue
      throwIfAborted(this.#input.signal)
      this.#stage('Bringing the snapshot', index)
      await this.#step('bring', member, async () => {
        await this.#ports.machine.bring(member, file)
        return undefined
      })
    }
  }

  async stopAll(): Promise<void> {
    const { members } = this.#input
    this.#stage('Stopping the servers', 0)
    await Promise.all(members.map((member) => this.#stop(member)))
    this.#stage('Looking that every server is down', 0)
    // Once more for all of them together: one that was restarted by its supervisor meanwhile is up again.
    for (const member of members) await this.#assertDown(member)
  }

  async assertDisksFit(): Promise<void> {
    const { members, kind, fileZxid } = this.#input
    for (const member of members) {
      if (standOf(this.#journal.entries, member.name) !== 'untouched') continue
      const disk = await this.#ports.machine.inspect(member)
      if (kind === 'standalone' && disk.lastZxid !== null && disk.lastZxid > fileZxid) {
        throw new PhysicalError(
          'ZXID_MOVED',
          `${member.name} has gone on to ${formatHex64(disk.lastZxid)}, above the zxid ${formatHex64(fileZxid)} of the file`,
          { unaffected: 'no file was moved', remedy: 'check again: a higher zxid is chosen' },
        )
      }
      const { currentEpoch, acceptedEpoch } = disk
      if (kind === 'ensemble' && currentEpoch !== null && acceptedEpoch !== null) {
        if (currentEpoch >= epochOf(fileZxid) && acceptedEpoch >= currentEpoch) continue
        throw new PhysicalError(
          'EPOCH_TOO_LOW',
          `The epoch files of ${member.name} (${acceptedEpoch}, ${currentEpoch}) do not fit a file of epoch ${epochOf(fileZxid)}`,
          { unaffected: 'no file was moved', remedy: 'check again' },
        )
      }
    }
  }

  async moveAndPlace(): Promise<void> {
    const { members, asideFolder, file } = this.#input
    const { machine } = this.#ports
    for (const [index, member] of members.entries()) {
      if (this.#journal.isDone('restore', 'aside', member.name)) continue
      await this.#mayMove(member)
      this.#stage('Moving the old files aside', index)
      await this.#step('aside', member, async () => `${await machine.moveAside(member, asideFolder)} files`)
    }
    for (const [index, member] of members.entries()) {
      if (this.#journal.isDone('restore', 'place', member.name)) continue
      await this.#mayMove(member)
      this.#stage('Placing the snapshot', index)
      await this.#step('place', member, async () => {
        await machine.place(member, file)
        return file.name
      })
    }
  }

  async moveBack(): Promise<void> {
    const { asideFolder } = this.#input
    const { machine } = this.#ports
    for (const [index, member] of this.#touched().entries()) {
      if (standOf(this.#journal.entries, member.name) === 'back') continue
      await this.#mayMove(member)
      this.#stage('Putting the old files back', index)
      // Where nothing was placed, what still lies in version-2 is old: it stays, and the rest comes back to it.
      if (
        this.#journal.wasBegun('restore', 'place', member.name) &&
        !this.#journal.wasBegun('undo', 'back', member.name)
      ) {
        await this.#once(
          'aside',
          member,
          async () => `${await machine.moveAside(member, undoneFolder(asideFolder))} files`,
        )
      }
      await this.#step('back', member, async () => `${await machine.moveBack(member, asideFolder)} files`)
    }
  }

  async startAll(): Promise<void> {
    const { members } = this.#input
    throwIfAborted(this.#input.signal)
    this.#input.assertOwned()
    this.#stage('Starting the servers', 0)
    await Promise.all(members.map((member) => this.#start(member)))
    this.#stage('Waiting until every server serves', 0)
    await Promise.all(members.map((member) => this.#step('serving', member, () => this.#untilServing(member))))
  }

  async restart(member: Member): Promise<void> {
    this.#mayGoOn()
    this.#stage(`Restarting ${member.name}`, 0)
    await this.#once('restart', member, async () => {
      await this.#stop(member)
      await this.#start(member)
      return this.#untilServing(member)
    })
  }

  /** A failure before the first file is moved has cost a stop at most: the servers are started again on the files that they had. */
  async whileNothingIsMoved(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const { signal } = this.#input
      const isGivenAway = signal?.aborted === true && signal.reason !== 'cancel' && signal.reason !== 'timeout'
      // Another worker goes on with it, or has done so already.
      if (isGivenAway || isAnythingMoved(this.#journal.entries, this.#pass)) throw error
      await this.#startAgain()
      throw error
    }
  }

  async #startAgain(): Promise<void> {
    const { members, say } = this.#input
    await this.#journal.again({ pass: this.#pass, step: 'rollback', member: null }, async () => {
      for (const member of members) {
        if (!this.#journal.wasBegun(this.#pass, 'stop', member.name)) continue
        const { kind } = await this.#ports.machine.liveness(member)
        if (kind !== 'down') continue
        const result = await this.#ports.machine.run(member.start ?? [], { timeoutMs: this.#limits.commandMs })
        say('warn', `Started ${member.name} again on the files that it had${describeResult(result)}`)
      }
      return undefined
    })
  }

  async #stop(member: Member): Promise<void> {
    const before = await this.#ports.machine.liveness(member)
    if (before.kind === 'down') return this.#input.say('info', `${member.name} is down already`)
    this.#mayGoOn()
    await this.#step('stop', member, async () => {
      const result = await this.#ports.machine.run(member.stop ?? [], { timeoutMs: this.#limits.commandMs })
      const ended = describeResult(result)
      this.#input.say(result.exitCode === 0 ? 'info' : 'warn', `Stop command of ${member.name}${ended}`)
      const deadline = performance.now() + this.#limits.downMs
      for (;;) {
        const now = await this.#ports.machine.liveness(member)
        if (now.kind === 'down') return ended
        if (performance.now() >= deadline) throw this.#stillUp(member, now.message, ended)
        await pause(POLL_MS)
        throwIfAborted(this.#input.signal)
      }
    })
  }

  async #assertDown(member: Member): Promise<void> {
    const now = await this.#ports.machine.liveness(member)
    if (now.kind !== 'down') throw this.#stillUp(member, now.message, '')
  }

  /** Once more right before its files are renamed: what supervises a server may start it again at any time. */
  async #mayMove(member: Member): Promise<void> {
    this.#mayGoOn()
    await this.#assertDown(member)
  }

  #stillUp(member: Member, message: string, ended: string): PhysicalError {
    const isUntouched = standOf(this.#journal.entries, member.name) === 'untouched'
    return new PhysicalError(
      'MEMBER_STILL_UP',
      `${member.name} is not down${ended === '' ? '' : ` although its stop command ended${ended}`}: ${message}`,
      {
        unaffected: isUntouched ? 'none of its files was moved' : 'no file was moved while it is up',
        remedy: 'stop it by hand, or correct the stop command in the configuration file',
      },
    )
  }

  async #start(member: Member): Promise<void> {
    const before = await this.#ports.machine.liveness(member)
    if (before.kind === 'up') return
    await this.#step('start', member, async () => {
      const result = await this.#ports.machine.run(member.start ?? [], { timeoutMs: this.#limits.commandMs })
      const ended = describeResult(result)
      this.#input.say(result.exitCode === 0 ? 'info' : 'warn', `Start command of ${member.name}${ended}`)
      return ended
    })
  }

  async #untilServing(member: Member): Promise<string> {
    const deadline = performance.now() + this.#limits.servingMs
    let last = 'no answer'
    for (;;) {
      const [answer] = await this.#ports.zookeeper
        .serverStatus({ connectString: member.client ?? '', tls: this.#input.tls })
        .catch((error: unknown) => [{ server: '', status: null, error: formatErrorLine(error) }])
      if (answer?.status?.mode) return answer.status.mode
      // It serves, it only does not say how: the comparison that follows finds out.
      if (answer?.error?.includes('4lw.commands.whitelist')) return 'serving'
      last = answer?.error ?? last
      if (performance.now() >= deadline) {
        throw new PhysicalError('NOT_SERVING_AGAIN', `${member.name} does not serve after its start: ${last}`, {
          unaffected: `its old files lie in ${this.#input.asideFolder}, beside version-2`,
          remedy: 'look into its log; then go on here, or put the old files back',
        })
      }
      await pause(POLL_MS)
      throwIfAborted(this.#input.signal)
    }
  }

  #touched(): readonly Member[] {
    return this.#input.members.filter(({ name }) => standOf(this.#journal.entries, name) !== 'untouched')
  }

  #mayGoOn(): void {
    throwIfAborted(this.#input.signal)
    this.#input.assertOwned()
  }

  #step(step: JournalStep, member: Member, work: () => Promise<string | undefined>): Promise<void> {
    return this.#journal.again({ pass: this.#pass, step, member: member.name }, work)
  }

  #once(step: JournalStep, member: Member, work: () => Promise<string | undefined>): Promise<void> {
    return this.#journal.once({ pass: this.#pass, step, member: member.name }, work)
  }

  #stage(stage: string, done: number): void {
    this.#input.onStage?.(stage, done, this.#input.members.length)
  }
}

/** Where an undo moves what it takes away; like the way there, it deletes nothing. */
export function undoneFolder(asideFolder: string): string {
  return `${asideFolder}-undone`
}

function describeResult(result: { exitCode: number | null; timedOut: boolean; output: string }): string {
  const end = result.timedOut ? ' by the time limit' : ` with ${result.exitCode ?? 'no exit status'}`
  return result.output === '' ? end : `${end}: ${result.output.slice(-500)}`
}
