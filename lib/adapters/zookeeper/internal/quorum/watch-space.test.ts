import { expect, test } from 'vitest'
import type { BodySink } from '../../observer.ts'
import { watchSpace } from './watch-space.ts'

const MB = 1 << 20
const PIECE = Buffer.alloc(16 * MB)

/** What a tree of so many pieces hears, on a disk that has `free` bytes and loses what comes. */
async function receive(pieces: number, free: number | null) {
  let bytes = 0
  const kept: string[] = []
  const body: BodySink = {
    path: 'x',
    get bytes() {
      return bytes
    },
    add: (piece) => {
      bytes += piece.length
    },
    finish: async () => void kept.push('finish'),
    discard: async () => void kept.push('discard'),
  }
  const faults: string[] = []
  let asked = 0
  const findFree = async () => {
    asked++
    return free === null ? null : free - bytes
  }
  const watched = watchSpace(body, '/scratch', { fail: (error) => faults.push((error as Error).message), findFree })
  for (let i = 0; i < pieces; i++) {
    watched.add(PIECE)
    await Promise.resolve()
  }
  await watched.finish()
  return { asked, faults, kept, bytes: watched.bytes }
}

test('the disk is asked before anything comes, and each time that 64 MiB have come', async () => {
  expect(await receive(9, 10_000 * MB)).toEqual({ asked: 3, faults: [], kept: ['finish'], bytes: 144 * MB })
})

test('too little room is told with how much came, and how much is left', async () => {
  const { faults } = await receive(6, 180 * MB)
  expect(faults).toEqual(['when 64.0 MiB had come, its disk had 116 MiB left, and 128 MiB are left to others'])
  expect((await receive(0, 20 * MB)).faults).toEqual([
    'before anything has come, its disk had 20.0 MiB left, and 128 MiB are left to others',
  ])
})

test('a file system that does not say how much is free is believed to have room', async () => {
  expect((await receive(9, null)).faults).toEqual([])
})
