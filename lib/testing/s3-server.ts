import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { S3Keys, S3Settings } from '../adapters/s3/object-store.ts'
import { ArkeeperError } from '../base/errors.ts'
import { findFreePort } from './zookeeper-server.ts'

/** Filled by bin/internal/s3-server.mjs. */
const S3PROXY_DIR = resolve('.toolchain/s3proxy/2.6.0')
const START_TIMEOUT_MS = 60_000
const KEYS: S3Keys = { accessKeyId: 'ARKEEPERTEST', secretAccessKey: 'not-a-secret-of-anybody' }
const BUCKET = 'backups'

export class S3ServerError extends ArkeeperError<'NOT_STARTED'> {
  static override readonly family: string = 's3-server'
}

export interface S3Server {
  readonly endpoint: string
  readonly port: number
  readonly keys: S3Keys
  readonly bucket: string
  /** A client that our code knows nothing of. */
  readonly client: S3Client
  /** Of a store in the bucket, over what a test wants otherwise. */
  settings(more?: Partial<S3Settings>): S3Settings
  log(): string
  stop(): Promise<void>
}

/**
 * `s3proxy`: over a folder; checks signatures and Content-MD5, knows neither conditions nor sums nor object lock. `moto`: in memory; knows
 * all of these, and takes any key.
 */
export type S3ServerKind = 's3proxy' | 'moto'

export function hasS3Server(kind: S3ServerKind): boolean {
  if (kind === 's3proxy') return existsSync(S3PROXY_DIR)
  return spawnSync('moto_server', ['--help'], { stdio: 'ignore', timeout: 60_000 }).status === 0
}

/** A server process of its own on 127.0.0.1, with an empty bucket. */
export async function startS3Server(kind: S3ServerKind, options: { readonly lock?: boolean } = {}): Promise<S3Server> {
  const port = await findFreePort()
  const endpoint = `http://127.0.0.1:${port}`
  const dir = await mkdtemp(join(tmpdir(), 'arkeeper-s3-'))
  const child = kind === 's3proxy' ? await spawnProxy(dir, endpoint) : spawnMoto(port)
  const killOnExit = () => child.kill('SIGKILL')
  process.once('exit', killOnExit)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-20_000)
    })
  }
  const ended = new Promise<void>((done) => {
    child.once('close', () => done())
    child.once('error', () => done())
  })
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: KEYS,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  const stop = async () => {
    client.destroy()
    process.removeListener('exit', killOnExit)
    child.kill('SIGKILL')
    await ended
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await waitUntilServing(child, port)
    await client.send(
      new CreateBucketCommand({ Bucket: BUCKET, ObjectLockEnabledForBucket: options.lock || undefined }),
    )
  } catch (cause) {
    await stop()
    throw new S3ServerError('NOT_STARTED', `${kind} did not start on ${endpoint}`, { cause, details: { output } })
  }
  const settings: S3Settings = {
    endpoint,
    region: 'us-east-1',
    bucket: BUCKET,
    prefix: 'arkeeper/',
    pathStyle: true,
    ca: null,
    encryption: 'none',
    kmsKeyId: null,
    storageClass: null,
    lock: 'none',
    lockDays: 1,
    proof: 'read-back',
  }
  return {
    endpoint,
    port,
    keys: KEYS,
    bucket: BUCKET,
    client,
    settings: (more) => ({ ...settings, ...more }),
    log: () => output,
    stop,
  }
}

async function spawnProxy(dir: string, endpoint: string): Promise<ChildProcess> {
  const data = join(dir, 'data')
  await mkdir(data)
  const properties = {
    's3proxy.authorization': 'aws-v4',
    's3proxy.endpoint': endpoint,
    's3proxy.identity': KEYS.accessKeyId,
    's3proxy.credential': KEYS.secretAccessKey,
    'jclouds.provider': 'filesystem-nio2',
    'jclouds.identity': 'none',
    'jclouds.credential': 'none',
    'jclouds.filesystem.basedir': data,
  }
  const file = join(dir, 's3proxy.conf')
  await writeFile(
    file,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  const args = ['-Xmx128m', '-XX:+UseSerialGC', '-DLOG_LEVEL=warn', '-cp', `${S3PROXY_DIR}/*`]
  return spawn('java', [...args, 'org.gaul.s3proxy.Main', '--properties', file], {
    cwd: dir,
    env: { ...process.env, LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function spawnMoto(port: number): ChildProcess {
  return spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function waitUntilServing(child: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`it exited with ${child.exitCode}`)
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port })
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isUp) return
    await delay(50)
  }
  throw new Error(`nothing listens within ${START_TIMEOUT_MS} ms`)
}

export interface CuttingProxy {
  readonly endpoint: string
  /** Bytes that clients have sent since the last `cutAfter`. */
  readonly sent: number
  /** Cuts every connection once so many bytes have gone up (or come down), and refuses new ones, until `mend`. */
  cutAfter(bytes: { readonly up: number } | { readonly down: number }): void
  mend(): void
  stop(): Promise<void>
}

/** A wire to the server that can be cut in the middle of a request. */
export async function startCuttingProxy(targetPort: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>()
  let up = 0
  let down = 0
  let limit: { readonly up?: number; readonly down?: number } = {}
  let isCut = false
  const look = () => {
    if (up <= (limit.up ?? Number.POSITIVE_INFINITY) && down <= (limit.down ?? Number.POSITIVE_INFINITY)) return
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((client) => {
    if (isCut) return client.destroy()
    const upstream = connect({ host: '127.0.0.1', port: targetPort })
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => from.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.on('data', (chunk) => {
        if (from === client) up += chunk.length
        else down += chunk.length
        look()
        if (!isCut) to.write(chunk)
      })
    }
  })
  const port = await findFreePort()
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  return {
    endpoint: `http://127.0.0.1:${port}`,
    get sent() {
      return up
    },
    cutAfter: (bytes) => {
      up = 0
      down = 0
      limit = bytes
    },
    mend: () => {
      up = 0
      down = 0
      limit = {}
      isCut = false
    },
    stop: () =>
      new Promise((done) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => done())
      }),
  }
}
