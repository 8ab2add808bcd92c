import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type Heard, type ScriptedLeader, startScriptedLeader } from '../../../../testing/scripted-leader.ts'
import { createObserver } from '../../create-observer.ts'

/** Conversations with real servers as they went over the wire: each side's bytes up to where the other speaks. */
const CORPUS = new URL('corpus/', import.meta.url)
const conversation = z.object({
  from: z.string().default('0'),
  start: z.object({ kind: z.string(), zxid: z.string(), bytes: z.number().optional() }),
  epoch: z.string(),
  zxids: z.array(z.string()),
  talk: z.array(z.object({ from: z.enum(['us', 'them']), hex: z.string() })),
})
const recording = z.object({ whole: conversation, goesOn: conversation })
const hex = (text: string) => BigInt(`0x${text}`)

let scratchDir = ''
let leader: ScriptedLeader | null = null
beforeEach(async () => {
  scratchDir = await mkdtemp(join(tmpdir(), 'arkeeper-recorded-'))
})
afterEach(async () => {
  await leader?.stop()
  await rm(scratchDir, { recursive: true, force: true })
})

function toHeard(packet: Buffer): Heard {
  const length = packet.readInt32BE(12)
  const data = length < 0 ? null : packet.toString('hex', 16, 16 + length)
  return { type: packet.readInt32BE(0), zxid: packet.readBigInt64BE(4), data }
}

const NAMES = readdirSync(CORPUS).map((file) => file.replace(/[.]json$/, ''))
test.each(NAMES.flatMap((name) => [[name, 'whole'] as const, [name, 'goesOn'] as const]))(
  'what a server of %s said (%s) is understood, and it was told just what it is told now',
  async (name, part) => {
    const { from, start, epoch, zxids, talk } = recording.parse(
      JSON.parse(readFileSync(new URL(`${name}.json`, CORPUS), 'utf8')),
    )[part]
    const told: (Heard | undefined)[] = []
    const done = Promise.withResolvers<void>()
    leader = await startScriptedLeader(async (connection) => {
      for (const piece of talk) {
        if (piece.from === 'them') connection.sendRaw(Buffer.from(piece.hex, 'hex'))
        else told.push(await connection.next())
      }
      done.resolve()
    })
    const servers = [{ host: leader.host, port: leader.port }]
    const session = await createObserver().open({ servers }, { from: hex(from), scratchDir })
    expect(session.epoch).toBe(BigInt(epoch))
    expect(session.start).toMatchObject({ kind: start.kind, zxid: hex(start.zxid) })
    if (session.start.kind === 'snapshot') expect((await stat(session.start.file)).size).toBe(start.bytes)
    const heard: bigint[] = []
    for await (const { entries, synced } of session.transactions()) {
      heard.push(...entries.map(({ zxid }) => zxid))
      if (synced && heard.length >= zxids.length) break
    }
    expect(heard).toEqual(zxids.map(hex))
    await done.promise
    expect(told).toEqual(talk.flatMap((piece) => (piece.from === 'us' ? [toHeard(Buffer.from(piece.hex, 'hex'))] : [])))
    await session.close()
  },
)
