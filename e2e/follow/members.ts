import { execFile } from 'node:child_process'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { askFourLetterWord } from '../../lib/adapters/zookeeper/internal/four-letter-word.ts'
import { createZooKeeper } from '../../lib/adapters/zookeeper/zookeeper.ts'
import {
  type ControlledServer,
  type ControlledServers,
  createControlledServers,
} from '../../lib/testing/controlled-servers.ts'
import { classpathOf, findCachedVersions } from '../../lib/testing/zookeeper-server.ts'

const run = promisify(execFile)
const WAIT_MS = 90_000
const STOP_MS = 15_000

/** Three members that can be stopped, killed, and reconfigured out and in. */
export class Members {
  readonly version: string
  readonly servers: ControlledServers
  /** host:port of each one's quorum port. */
  readonly quorum: string
  readonly #files: readonly { readonly config: string; readonly server: string }[]

  private constructor(
    version: string,
    servers: ControlledServers,
    files: readonly { readonly config: string; readonly server: string }[],
  ) {
    this.version = version
    this.servers = servers
    this.#files = files
    this.quorum = files.map(({ server }) => /127\.0\.0\.1:\d+/.exec(server)?.[0]).join(',')
  }

  static async start(): Promise<Members> {
    const version = findCachedVersions().findLast(
      ({ version, cached }) => cached && version.startsWith('3.9.'),
    )?.version
    if (version === undefined) throw new Error('no ZooKeeper 3.9 is here: `npm run zookeepers` fetches it')
    const servers = await createControlledServers({
      cluster: 'followed',
      size: 3,
      version,
      config: {
        tickTime: '500',
        initLimit: '40',
        syncLimit: '20',
        preAllocSize: '4096',
        reconfigEnabled: 'true',
        // Reconfigurations by anybody; what ACLs are stored is not changed by it.
        skipACL: 'yes',
        // What is missed while we are away is sent from memory, or from logs as large as the snapshot (no factor is larger): a gap would be a fault.
        commitLogCount: '100000',
        snapshotSizeFactor: '1',
      },
    })
    const found: { config: string; server: string }[] = []
    for (const { home } of homesOf(servers)) {
      // Each says where clients find the others: a member that is added again must say it, too.
      const text = await readFile(join(home, 'zoo.cfg'), 'utf8')
      const ports = servers.servers.map(({ connectString }) => connectString)
      const config = text
        .replace(/^server\.(\d)=(.*)$/gm, (_line, id: string, at: string) => {
          return `server.${id}=${at}:participant;${ports[Number(id) - 1]}`
        })
        .replace(/^clientPort.*\n/gm, '')
      await writeFile(join(home, 'zoo.cfg'), config)
      const server = config.split('\n').find((line) => line.startsWith(`server.${found.length + 1}=`))
      if (server === undefined) throw new Error('a member without a line of its own')
      found.push({ config, server })
    }
    const members = new Members(version, servers, found)
    await servers.startAll()
    await members.untilServing()
    return members
  }

  get all(): readonly ControlledServer[] {
    return this.servers.servers
  }
  get connectString(): string {
    return this.servers.connectString
  }

  async findLeader(): Promise<number> {
    const deadline = Date.now() + WAIT_MS
    for (;;) {
      const found = await createZooKeeper().serverStatus({ connectString: this.connectString })
      const at = found.findIndex(({ status }) => status?.mode === 'leader')
      if (at >= 0) return at
      if (Date.now() > deadline) throw new Error(`no leader within ${WAIT_MS} ms; see ${this.servers.dir}`)
      await pause(50)
    }
  }

  /** One leads, and all answer. */
  async untilServing(): Promise<void> {
    const deadline = Date.now() + WAIT_MS
    for (;;) {
      const found = await createZooKeeper().serverStatus({ connectString: this.connectString })
      const modes = found.map(({ status }) => status?.mode)
      if (modes.includes('leader') && modes.every((mode) => mode)) return
      if (Date.now() > deadline)
        throw new Error(`not all serve within ${WAIT_MS} ms: ${modes}; see ${this.servers.dir}`)
      await pause(50)
    }
  }

  /**
   * No ephemeral is left, and all have come to the same transaction and stay there: nothing changes any more. Of a client that lost its member,
   * the ephemerals stay until its session runs out.
   */
  async untilQuiet(): Promise<void> {
    const deadline = Date.now() + WAIT_MS
    for (let before = ''; ; ) {
      const texts = await Promise.all(this.all.map((_, at) => this.ask(at, 'mntr').catch(() => '')))
      const ephemerals = texts.map((text) => findNumber(text, 'zk_ephemerals_count'))
      const found = await createZooKeeper().serverStatus({ connectString: this.connectString })
      const zxids = found.map(({ status }) => String(status?.zxid ?? null))
      const isOne = zxids.every((zxid) => zxid === zxids[0] && zxid !== 'null')
      if (isOne && ephemerals.every((count) => count === 0) && zxids[0] === before) return
      before = isOne ? zxids[0]! : ''
      if (Date.now() > deadline)
        throw new Error(
          `not quiet within ${WAIT_MS} ms: ephemerals ${ephemerals}, at ${zxids}; see ${this.servers.dir}`,
        )
      await pause(500)
    }
  }

  async ask(at: number, word: string): Promise<string> {
    const address = { host: '127.0.0.1', port: Number(this.all[at]!.connectString.split(':')[1]) }
    return askFourLetterWord(address, word, { timeoutMs: 10_000, tls: null })
  }

  /** What a member has written of digests that are not its leader's, since it first started. */
  async complaintsOf(at: number): Promise<string[]> {
    const text = await readFile(join(homesOf(this.servers)[at]!.home, 'log.txt'), 'utf8').catch(() => '')
    return text.split('\n').filter((line) => /digests? (are|is) not matching|digest mismatch/i.test(line))
  }

  /** As a machine that is switched off. */
  async kill(at: number): Promise<void> {
    const pid = this.all[at]!.pid()
    if (pid !== null) process.kill(pid, 'SIGKILL')
    while (this.all[at]!.pid() !== null) await pause(5)
  }

  /** By SIGTERM; a server that hangs in its own shutdown is killed, as a service manager does. */
  async stop(at: number): Promise<void> {
    const pid = this.all[at]!.pid()
    if (pid !== null) process.kill(pid, 'SIGTERM')
    for (let waitedMs = 0; this.all[at]!.pid() !== null && waitedMs < STOP_MS; waitedMs += 20) await pause(20)
    await this.kill(at)
  }

  /** `keep`: their directories and what they have said stay, at `servers.dir`. */
  async end({ keep = false } = {}): Promise<void> {
    for (const at of this.all.keys()) await this.kill(at)
    if (!keep) await this.servers.remove()
  }

  async remove(at: number): Promise<void> {
    await this.#reconfig(at, ['-remove', String(at + 1)])
  }

  /** One that was removed and stopped: with the configuration that it had at first, then asked in. */
  async add(at: number): Promise<void> {
    const { home } = homesOf(this.servers)[at]!
    for (const name of await readdir(home)) if (name.startsWith('zoo.cfg')) await rm(join(home, name))
    await writeFile(join(home, 'zoo.cfg'), this.#files[at]!.config)
    await this.all[at]!.start()
    await this.#reconfig(at, ['-add', this.#files[at]!.server])
  }

  /** By ZooKeeper's own command, at another member. */
  async #reconfig(at: number, words: readonly string[]): Promise<void> {
    const classpath = await classpathOf(this.version)
    const other = this.all[(await this.findLeader()) === at ? (at + 1) % 3 : await this.findLeader()]!
    const program = ['-Xmx64m', '-cp', classpath, 'org.apache.zookeeper.ZooKeeperMain']
    for (let tries = 0; ; tries++) {
      try {
        const args = [...program, '-server', other.connectString, 'reconfig', ...words]
        const { stdout, stderr } = await run('java', args, { timeout: 30_000 })
        if (/Committed new configuration/.test(stdout)) return
        throw new Error(`reconfig ${words.join(' ')}: ${`${stdout}${stderr}`.trim().split('\n').slice(-3).join(' | ')}`)
      } catch (error) {
        if (tries >= 5) throw error
        await pause(1000)
      }
    }
  }
}

export function numberIn(text: string, name: string): number {
  const found = findNumber(text, name)
  if (found === null) throw new Error(`a member's mntr has no ${name}`)
  return found
}

function findNumber(text: string, name: string): number | null {
  const found = new RegExp(`^${name}\\s+([\\d.]+)`, 'm').exec(text)
  return found ? Number(found[1]) : null
}

function homesOf(servers: ControlledServers) {
  return servers.servers.map(({ member }) => ({ home: join(member.dataDir, '..') }))
}
