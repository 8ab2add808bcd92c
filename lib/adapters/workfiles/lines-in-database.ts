import { setTimeout as pause } from 'node:timers/promises'
import { isDatabaseAway } from '../database/errors.ts'
import type { PrismaClient } from '../database/generated/client.ts'
import { WorkFilesError } from './errors.ts'
import type { Fence, SharedLines } from './work-files.ts'

/** What is not durable is written with the next line that is, or when there is so much of it. */
const PENDING_BYTES_MAX = 256 * 1024
const ATTEMPTS_MAX = 4
const PAUSE_MS = 400

export interface LinesPlace {
  readonly folder: string
  readonly name: string
  /** Number of the first row to write: whoever wrote before has written those below. */
  readonly from: number
  readonly fence: Fence | null
  readonly nowMs: () => number
}

/**
 * Lines as rows, one row for as many lines as are written at once. The rows are numbered by their one writer, so that a row whose answer was
 * lost can be written again without being there twice; that there is one writer only is what the fence is for.
 */
export function openLinesInDatabase(db: PrismaClient, place: LinesPlace): SharedLines {
  let next = place.from
  let pending = ''
  const write = async () => {
    await writeRow(db, place, next, pending)
    next++
    pending = ''
  }
  return {
    append: async (line, { durable = false } = {}) => {
      pending += `${line}\n`
      if (durable || pending.length > PENDING_BYTES_MAX) await write()
    },
    appendText: async (text) => {
      pending += text
      await write()
    },
    close: async () => {
      // What was durable is there already; whatever else is lost here was no promise, and the error that ended the work is the one to tell.
      if (pending !== '') await write().catch(() => undefined)
    },
  }
}

async function writeRow(db: PrismaClient, place: LinesPlace, n: number, text: string): Promise<void> {
  const { folder, name, fence, nowMs } = place
  for (let attempt = 1; ; attempt++) {
    try {
      await db.$transaction(async (tx) => {
        if (fence && !(await fence(tx))) throw leaseLost()
        await tx.workLines.create({ data: { folder, name, n, text, at: new Date(nowMs()) }, select: { n: true } })
      })
      return
    } catch (error) {
      if (isUniqueViolation(error)) {
        const row = await db.workLines.findUnique({
          where: { folder_name_n: { folder, name, n } },
          select: { text: true },
        })
        if (row?.text === text) return
        throw leaseLost()
      }
      if (attempt === ATTEMPTS_MAX || !isDatabaseAway(error)) throw error
      await pause(PAUSE_MS * attempt)
    }
  }
}

export function leaseLost(): WorkFilesError {
  return new WorkFilesError(
    'LEASE_LOST',
    'Another worker has taken this job over, and what this one adds counts for nothing',
    {
      unaffected: 'nothing was added to its files',
    },
  )
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'P2002'
}
